/**
 * What both ends say about where each lane stands: the device's hello, the cloud's welcome, and
 * the cumulative acknowledgement after the commit. All three are signed envelopes.
 */
import { z } from 'zod';
import { laneNames } from '../core/lanes.ts';
import { helloBytesMax } from '../core/limits.ts';
import { type Opened, openEnvelope, type TrustedKey } from './dsse.ts';
import { payloadTypes, type RoleKeys } from './records.ts';
import { chainHash, epoch, sequence, timestampMs, uuid } from './shape.ts';

const lane = z.enum(laneNames);

export const helloSchema = z.strictObject({
  device: uuid,
  bootId: z.string().max(64),
  /** Repeated in the welcome, so an old welcome cannot be replayed. */
  nonce: z.string().min(8).max(64),
  sentAt: timestampMs,
  agentVersion: z.string().max(32),
  generation: sequence,
  lanes: z
    .array(
      z.strictObject({ lane, epoch, minSeq: sequence, maxSeq: sequence, backlogRows: sequence }),
    )
    .max(laneNames.length),
});
export type Hello = z.infer<typeof helloSchema>;

/** Where the system of record stands: rows up to `upTo` are committed and hash to `hash`. */
const position = z.strictObject({
  lane,
  epoch,
  upTo: sequence,
  hash: chainHash,
  /** Rows the device may have unacknowledged at once in this lane; never 0. */
  credit: z.int().min(1),
});
export type LaneAcknowledgement = z.infer<typeof position>;

export const welcomeSchema = z.strictObject({
  device: uuid,
  nonce: z.string().max(64),
  serverTime: timestampMs,
  /** One per lane of the hello; `upTo` 0 and the zero hash when nothing of the epoch is known. */
  lanes: z.array(position).max(laneNames.length),
});
export type Welcome = z.infer<typeof welcomeSchema>;

export const acknowledgementSchema = z.strictObject({
  device: uuid,
  serverTime: timestampMs,
  lanes: z.array(position).min(1).max(laneNames.length),
});
export type Acknowledgement = z.infer<typeof acknowledgementSchema>;

export const openHello = (bytes: Uint8Array, deviceKey: TrustedKey): Opened<Hello> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.hello,
    keys: [deviceKey],
    schema: helloSchema,
    bytesMax: helloBytesMax,
  });

export const openWelcome = (bytes: Uint8Array, keyset: RoleKeys): Opened<Welcome> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.welcome,
    keys: keyset.roles.ingest,
    schema: welcomeSchema,
    bytesMax: helloBytesMax,
  });

export const openAcknowledgement = (bytes: Uint8Array, keyset: RoleKeys): Opened<Acknowledgement> =>
  openEnvelope(bytes, {
    payloadType: payloadTypes.acknowledgement,
    keys: keyset.roles.ingest,
    schema: acknowledgementSchema,
    bytesMax: helloBytesMax,
  });
