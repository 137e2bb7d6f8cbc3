/**
 * Every limit that both sides must agree on, each with the arithmetic that chose it.
 * Limits of one side only live beside the code that holds them.
 */
const KiB = 1024;
const MiB = 1024 * KiB;

/** One frame on the wire. Larger ones live-lock slow leaf links (50 kbit/s moves 16 KB in 2.6 s). */
export const frameBytesMax = 16 * KiB;
/** What a frame may unpack to; telemetry compresses about 20:1, so this refuses bombs, not data. */
export const frameUnpackedBytesMax = 512 * KiB;
/** Rows in one frame: keeps one commit's worth of hashing below a millisecond. */
export const frameRowsMax = 1_000;
/** One signed record (desired state, key set): it travels as a single NATS message. */
export const recordBytesMax = 16 * KiB;
/**
 * A record with an entry per member or per revoked device. At 190 bytes each in base64 it holds a
 * site of 200; it crosses a slow leaf link (50 kbit/s) in 10 s, once per change of membership.
 */
export const siteRecordBytesMax = 64 * KiB;
/** Devices in one revocation record: the newest; older ones are in no roster and refused by ingest. */
export const revokedDevicesMax = 200;
/** Grants taken back before their end, and so all of a tenant that have not ended. */
export const revokedGrantsMax = 150;
/** A release envelope is fetched over HTTP, so it may be larger than a record. */
export const releaseBytesMax = 256 * KiB;
/** One row of a lane, as JSON. */
export const rowBytesMax = 8 * KiB;
/** A heartbeat or a hello: small by design. */
export const heartbeatBytesMax = 1 * KiB;
export const helloBytesMax = 4 * KiB;
/** Containers in one bundle and bundles on one device: a Raspberry Pi's memory ends well before. */
/** The next ones; the cloud names others before they are over. */
export const windowsPerSlotMax = 6;
export const containersPerBundleMax = 20;
export const bundlesPerDeviceMax = 16;
/** One secret's value: a private key in PEM fits. All of a device's travel in one record of 16 KB. */
export const secretBytesMax = 4 * KiB;
export const secretsPerBundleMax = 32;
/** Pieces of an artifact blob: one bad piece costs one megabyte again. */
export const pieceBytes = 1 * MiB;
/** JSON request bodies of the REST API. */
export const requestBytesMax = 256 * KiB;
/** One uploaded image archive. */
export const artifactBytesMax = 4 * 1024 * MiB;
/** What an archive is uploaded in: a cut costs this much again, 21 s at 6 Mbit/s; 256 parts at most. */
export const uploadPartBytes = 16 * MiB;
/** Log lines reported with a failure: enough to see the cause, small enough for one row. */
export const failureLogLinesMax = 20;
export const failureLogLineBytesMax = 300;
/** An idle device sends its samples together, so the newest may be so old when it comes. */
export const sampleHoldMs = 900_000;

/** Devices that are called to greet again do so within a time that the call names. */
export const callWithinMs = { min: 1_000, max: 120_000 } as const;
