/**
 * What one member knows of its site, what may happen to it, and what it wants done: the types of
 * the seam between the pure core and its shell. A `Mesh` is owned by its `meshStep` calls and
 * changed in place (200 members are not copied per packet); nobody else may write to it. The same
 * events, times and random numbers always give the same steps.
 */
import type {
  Address,
  ClaimSeal,
  DeviceId,
  MeshMessage,
  OwnClaim,
  RecordName,
  Rumour,
  SignedClaim,
  Version,
} from './message.ts';

/** The part of a verified roster that the mesh needs; sync/core's `Roster` has it. */
export type MeshRoster = {
  version: number;
  members: readonly { deviceId: DeviceId; publicKey: string }[];
};

export type Status = 'unknown' | 'alive' | 'suspect' | 'dead' | 'left';

export type MeshEvent =
  /** Authenticated, decrypted and decoded already; `from` and `bootId` are the packet's. */
  | { kind: 'heard'; from: DeviceId; address: Address; bootId: string; message: MeshMessage }
  | { kind: 'tick' }
  | { kind: 'roster'; roster: MeshRoster }
  /** Static list, last known, what the cloud said, the beacon. */
  | { kind: 'hints'; addresses: readonly { device: DeviceId | null; address: Address }[] }
  | { kind: 'claim'; claim: OwnClaim }
  | { kind: 'lag'; lagMs: number }
  /** The site key changed: who could read nobody, or was read by nobody, may be reached now. */
  | { kind: 'rekeyed' }
  /** Something else than the mesh did not reach this member: it is looked at now, not in its turn. */
  | { kind: 'doubt'; device: DeviceId }
  /** All this device holds, verified; replaces what was told before. */
  | { kind: 'records'; versions: ReadonlyMap<RecordName, Version> }
  /** What an `offer-record` step brought was judged; if it was taken, `records` told so before. */
  | { kind: 'offered'; from: DeviceId; name: RecordName; version: Version }
  /** A fetch came to its end; what it brought was told by `records` before. */
  | { kind: 'fetch-ended'; from: DeviceId }
  | { kind: 'leave' };

export type WarnCode = 'cloned-identity' | 'forged-claim' | 'unknown-member' | 'empty-promise';

export type MeshStep =
  /** `introduce`: the receiver may not know who speaks, so the packet names its sender in full. */
  | {
      kind: 'send';
      to: Address;
      device: DeviceId | null;
      introduce: boolean;
      message: MeshMessage;
    }
  /** It came by datagram, and whoever sent it says that it is this version: verify it, keep it, tell. */
  | { kind: 'offer-record'; from: DeviceId; name: RecordName; version: Version; bytes: Uint8Array }
  /** Over HTTPS; `address` has the peer's own port, or the mesh's when that is all we know. */
  | { kind: 'fetch-records'; from: DeviceId; address: Address; names: readonly RecordName[] }
  | { kind: 'changed'; member: DeviceId; to: Status; was: Status }
  /** It says something else of itself than before. */
  | { kind: 'claimed'; member: DeviceId }
  /** Something that a member sent was not taken: to be counted, nobody has to do anything. */
  | { kind: 'refused'; code: Refusal }
  | { kind: 'warn'; code: WarnCode; about: DeviceId };

/**
 * A piece of what was not asked for, or not of its sender, or is there by now; one that does not fit to
 * those there are; and a whole record that was offered and not believed.
 */
export type Refusal = 'piece-unasked' | 'piece-misfit' | 'record';

/** What the shell of the mesh leaves to others. */
export type StepForOthers = Exclude<MeshStep, { kind: 'send' | 'refused' }>;

export type Surroundings = {
  /** A clock that never jumps back, in milliseconds. */
  now: number;
  /** From 0 up to 1. */
  random: () => number;
  seal: ClaimSeal;
  /** The exact bytes of a record that is held; null when it is not, or is not given away. */
  contentOf: (name: RecordName) => Uint8Array | null;
};

export type MeshResult = {
  mesh: Mesh;
  steps: MeshStep[];
  waiting: string;
  /** When a `tick` is due; lateness is taken for time in which the process stood still. */
  wakeAt: number;
};

export type Suspicion = { incarnation: number; startedAt: number; by: DeviceId[] };

export type Member = {
  readonly device: DeviceId;
  publicKey: string;
  /** Place in the ring. */
  readonly place: number;
  signed: SignedClaim | null;
  status: Status;
  suspicion: Suspicion | null;
  /** Where its last packet came from, and when (lived time). */
  observed: Address | null;
  heardAt: number;
  /** Boots that a newer one replaced; they never come back. */
  oldBoots: string[];
  bootSince: number;
  askedAt: number;
  /** What it offers by datagram is not looked at before. */
  offersAfter: number;
  /** Pieces it was given fill its share until then. */
  piecesUntil: number;
  /** What this member adds to the summary. */
  hash: number;
};

export type Round = {
  seq: number;
  target: DeviceId;
  startedAt: number;
  stage: number;
  /** Health at the start stretches the whole round. */
  scale: number;
  helpersAsked: number;
  helpersAnswered: number;
  asked: DeviceId[];
  /** Set when it is done for somebody else. */
  errand: { to: Address; device: DeviceId; seq: number } | null;
};

export type QueuedRumour = { rumour: Rumour; sent: number; sizeBytes: number };
export type Want = { version: Version; holders: DeviceId[] };
export type Fetch = { names: readonly RecordName[]; deadline: number; patientUntil: number };
/** `pieces` is empty until the first answer tells how many there are; `over`: no hope this way. */
export type Pull = {
  version: Version;
  pieces: (Uint8Array | null)[];
  tries: number;
  askAt: number;
  state: 'asking' | 'offered' | 'over';
};
export type Push = { version: Version; bytes: Uint8Array; sent: number };
export type Contact = {
  device: DeviceId | null;
  address: Address;
  nextAt: number;
  delayMs: number;
};

export type Mesh = {
  readonly self: DeviceId;
  readonly bootId: string;
  publicKey: string;
  rosterVersion: number;
  /** All of the roster but this device. */
  members: Map<DeviceId, Member>;
  /** Alive or suspect, by place; rebuilt when `ringStale`. */
  ring: Member[];
  ringStale: boolean;

  /** Time the process lived through; every deadline below is in it. */
  lived: number;
  lastNow: number;
  promisedAt: number;
  healthScore: number;

  own: OwnClaim;
  incarnation: number;
  seq: number;
  signed: SignedClaim;
  leaving: boolean;
  refutedAt: number;
  refuteDue: boolean;
  /** What this device adds to the summary, and its place in the ring. */
  ownHash: number;
  readonly place: number;
  /** Other boots of this identity that we stood above once; a second time they are clones. */
  outbid: string[];
  foreignIncarnation: number;

  nextSeq: number;
  probeAt: number;
  probeCount: number;
  rotation: DeviceId[];
  rounds: Map<number, Round>;

  rumours: Map<string, QueuedRumour>;
  gossipAt: number;
  gossipRotation: DeviceId[];
  /** Small records that changed, on their way to all. */
  pushes: Map<RecordName, Push>;

  records: Map<RecordName, Version>;
  /** What it began with is no news to anybody. */
  recordsTold: boolean;
  buckets: Uint32Array;
  membersHash: number;
  recordsHash: number;
  changedAt: number;
  compareAt: number;
  compareDelayMs: number;
  compareAnywayAt: number;

  wants: Map<RecordName, Want>;
  pulls: Map<RecordName, Pull>;
  fetches: Map<DeviceId, Fetch>;
  pauses: Map<DeviceId, { until: number; failures: number }>;
  strangerAt: number;

  contacts: Map<Address, Contact>;
  contactAt: number;
  warnedAt: Map<string, number>;
};

/** One step while it is made: what was given, and what it leads to. */
export type Work = Surroundings & { mesh: Mesh; steps: MeshStep[] };
