/**
 * What members say to each other. Only a claim says who and where a device is, and it is signed by
 * that device; suspicion is hearsay, and `holds` speaks of the sender alone and is never relayed,
 * so that a false version spreads no further than to those it was told. Not the bytes: sync/wire.
 */
export type DeviceId = string;
/** `192.0.2.7:7946` or `[2001:db8::7]:7946`. */
export type Address = string;
export type RecordName = string;
export type Version = number;

/** What a device says of itself, as its shell knows it. */
export type OwnClaim = {
  /** What people call it. */
  name: string;
  /** Where its mesh listens, best first. */
  addresses: readonly Address[];
  /** Where it serves records and pieces over HTTPS, on the same hosts; 0 while it does not. */
  peerPort: number;
  /** How good its way to the cloud is: 0 none, 255 best. */
  uplink: number;
  /** It has the program, and nobody told it never to. */
  canRunLeaf: boolean;
  /** Its clock is at or above the floor, so TLS works. */
  clockOk: boolean;
  /** A person said that this one is to be the gateway. */
  chosen: boolean;
  /** It takes itself for the gateway; one that hands the role over does not any more. */
  gateway: boolean;
  /** Its leaf's port, on the host where it is reached; 0 while it runs none. */
  leafPort: number;
  /** It is linked to the cloud by a way that a neighbour may use. */
  linked: boolean;
  agentVersion: string;
};

export type Claim = OwnClaim & {
  device: DeviceId;
  /** 16 hex digits, new at each start. */
  bootId: string;
  /** Raised by the device alone: to refute, and to stand above its own earlier boots. */
  incarnation: number;
  /** Grows with each claim of a boot. */
  seq: number;
  leaving: boolean;
};

/** `bytes` are what was signed; they travel on untouched, with fields only newer peers know. */
export type SignedClaim = { claim: Claim; bytes: Uint8Array; signature: Uint8Array };

/** Real or cheap signatures; both are plain functions of their arguments. */
export type ClaimSeal = {
  sign: (claim: Claim) => SignedClaim;
  verify: (signed: SignedClaim, publicKey: string) => boolean;
};

export type Rumour =
  /** `dead`: how the sender sees the claim's device. */
  | { kind: 'claim'; signed: SignedClaim; dead: boolean }
  | { kind: 'suspect'; device: DeviceId; incarnation: number; by: DeviceId }
  | { kind: 'holds'; name: RecordName; version: Version };

/** 32 bits over all claims held, 32 over all record versions held. */
export type Summary = { members: number; records: number };

export type MemberEntry = { device: DeviceId; incarnation: number; seq: number; dead: boolean };
export type RecordEntry = { name: RecordName; version: Version };

export type MeshMessage =
  | { kind: 'ping'; seq: number; summary: Summary; rumours: readonly Rumour[] }
  | { kind: 'ack'; seq: number; summary: Summary; rumours: readonly Rumour[] }
  | { kind: 'ping-request'; seq: number; target: DeviceId }
  | { kind: 'ping-answer'; seq: number; reached: boolean }
  | { kind: 'gossip'; rumours: readonly Rumour[] }
  | { kind: 'buckets'; hashes: readonly number[] }
  /** All the sender holds in the buckets whose bits are set in `complete`, and perhaps more. */
  | {
      kind: 'digest';
      complete: number;
      members: readonly MemberEntry[];
      records: readonly RecordEntry[];
    }
  /** These pieces of a record, one a bit. */
  | { kind: 'want'; name: RecordName; version: Version; missing: number }
  /**
   * A record itself, or a piece of it; a count of 0 says that it is too large for this way. Not
   * believed for that: the shell verifies what it is offered.
   */
  | {
      kind: 'record';
      name: RecordName;
      version: Version;
      index: number;
      count: number;
      bytes: Uint8Array;
    };

/** Positive when `a` is newer: incarnation, then boot (two at once: all choose the same), then seq. */
export const compareClaims = (
  a: Pick<Claim, 'incarnation' | 'bootId' | 'seq'>,
  b: Pick<Claim, 'incarnation' | 'bootId' | 'seq'>,
): number => {
  if (a.incarnation !== b.incarnation) return a.incarnation - b.incarnation;
  if (a.bootId !== b.bootId) return a.bootId > b.bootId ? 1 : -1;
  return a.seq - b.seq;
};

/** Upper bounds of encoded sizes; the codec's tests hold it to them. */
export const rumourBytes = (rumour: Rumour): number => {
  if (rumour.kind === 'claim') return 70 + rumour.signed.bytes.byteLength;
  if (rumour.kind === 'suspect') return 40;
  return 12 + 3 * rumour.name.length;
};
export const memberEntryBytes = 28;
export const recordEntryBytes = (entry: RecordEntry): number => 11 + 3 * entry.name.length;
/** Kind, sequence, summary and counts. */
export const messageHeadBytes = 24;
