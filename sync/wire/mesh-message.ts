/**
 * The bytes of what members say to each other: compact, versioned, every field bounded. What does
 * not fit its bounds is refused as a whole. Claims travel as the bytes that were signed, so fields
 * that only a newer peer knows are relayed untouched. Not the packet around it: see mesh-packet.
 */
import {
  addressLengthMax,
  agentVersionLengthMax,
  bucketCount,
  claimAddressesMax,
  claimBytesMax,
  messageBytesMax,
  nameBytesMax,
  pieceBytesMax,
  piecesMax,
  recordNameLengthMax,
} from '../mesh/limits.ts';
import type {
  Claim,
  MemberEntry,
  MeshMessage,
  RecordEntry,
  Rumour,
  SignedClaim,
} from '../mesh/message.ts';
import { Malformed, orNull, Reader, unprintable, Writer } from './mesh-bytes.ts';

const messageVersion = 1;
const claimVersion = 1;
const kinds = [
  'ping',
  'ack',
  'ping-request',
  'ping-answer',
  'gossip',
  'buckets',
  'digest',
  'record',
  'want',
] as const;

/** The bytes a device signs. */
export const encodeClaim = (claim: Claim): Uint8Array => {
  const out = new Writer(claimBytesMax);
  out.u8(claimVersion);
  out.uuid(claim.device);
  out.raw(Buffer.from(claim.bootId, 'hex'));
  out.u32(claim.incarnation);
  out.u32(claim.seq);
  out.u8(
    (claim.leaving ? 1 : 0) |
      (claim.canRunLeaf ? 2 : 0) |
      (claim.clockOk ? 4 : 0) |
      (claim.chosen ? 8 : 0) |
      (claim.gateway ? 16 : 0) |
      (claim.linked ? 32 : 0),
  );
  out.u8(claim.uplink);
  out.u16(claim.peerPort);
  out.u16(claim.leafPort);
  out.u8(claim.addresses.length);
  for (const address of claim.addresses) out.text(address);
  out.text(claim.agentVersion);
  out.text(claim.name);
  return out.done();
};

/** As much of a name as a claim carries, without what does not print. */
export const claimedName = (name: string): string => {
  let held = '';
  for (const letter of name) {
    if (unprintable.test(letter)) continue;
    if (Buffer.byteLength(held + letter) > nameBytesMax) break;
    held += letter;
  }
  return held;
};

/** Null when the bytes are no claim. What follows the known fields is a newer peer's. */
export const decodeClaim = (bytes: Uint8Array): Claim | null => {
  if (bytes.byteLength > claimBytesMax) return null;
  return orNull(() => {
    const from = new Reader(bytes);
    if (from.u8() !== claimVersion) throw new Malformed('another version');
    const device = from.uuid();
    const bootId = from.raw(8).toString('hex');
    const incarnation = from.u32();
    const seq = from.u32();
    const flags = from.u8();
    const uplink = from.u8();
    const peerPort = from.u16();
    const leafPort = from.u16();
    const count = from.u8();
    if (count > claimAddressesMax) throw new Malformed('too many addresses');
    const addresses = Array.from({ length: count }, () => from.text(addressLengthMax));
    return {
      device,
      bootId,
      incarnation,
      seq,
      leaving: (flags & 1) !== 0,
      canRunLeaf: (flags & 2) !== 0,
      clockOk: (flags & 4) !== 0,
      chosen: (flags & 8) !== 0,
      gateway: (flags & 16) !== 0,
      linked: (flags & 32) !== 0,
      uplink,
      peerPort,
      leafPort,
      addresses,
      agentVersion: from.text(agentVersionLengthMax),
      name: from.name(nameBytesMax),
    };
  });
};

const writeRumour = (out: Writer, rumour: Rumour): void => {
  if (rumour.kind === 'claim') {
    out.u8(rumour.dead ? 1 : 0);
    out.u16(rumour.signed.bytes.byteLength);
    out.raw(rumour.signed.bytes);
    out.raw(rumour.signed.signature);
  } else if (rumour.kind === 'suspect') {
    out.u8(2);
    out.uuid(rumour.device);
    out.u32(rumour.incarnation);
    out.uuid(rumour.by);
  } else {
    out.u8(3);
    out.text(rumour.name);
    out.u48(rumour.version);
  }
};

const readRumour = (from: Reader): Rumour => {
  const kind = from.u8();
  if (kind <= 1) {
    const length = from.u16();
    if (length > claimBytesMax) throw new Malformed('claim too long');
    // Copies: the packet's memory is not kept alive by what is remembered of it.
    const bytes = Uint8Array.from(from.raw(length));
    const signature = Uint8Array.from(from.raw(64));
    const claim = decodeClaim(bytes);
    if (claim === null) throw new Malformed('no claim');
    return { kind: 'claim', signed: { claim, bytes, signature }, dead: kind === 1 };
  }
  if (kind === 2) {
    return { kind: 'suspect', device: from.uuid(), incarnation: from.u32(), by: from.uuid() };
  }
  if (kind !== 3) throw new Malformed('unknown rumour');
  return { kind: 'holds', name: from.text(recordNameLengthMax), version: from.u48() };
};

const writeDigest = (out: Writer, digest: Extract<MeshMessage, { kind: 'digest' }>): void => {
  out.u32(digest.complete);
  out.u8(digest.members.length);
  for (const { device, incarnation, seq, dead } of digest.members) {
    out.uuid(device);
    out.u32(incarnation);
    out.u32(seq);
    out.u8(dead ? 1 : 0);
  }
  out.u8(digest.records.length);
  for (const { name, version } of digest.records) {
    out.text(name);
    out.u48(version);
  }
};

const readDigest = (from: Reader): MeshMessage => {
  const complete = from.u32();
  const members: MemberEntry[] = Array.from({ length: from.u8() }, () => ({
    device: from.uuid(),
    incarnation: from.u32(),
    seq: from.u32(),
    dead: (from.u8() & 1) !== 0,
  }));
  const records: RecordEntry[] = Array.from({ length: from.u8() }, () => ({
    name: from.text(recordNameLengthMax),
    version: from.u48(),
  }));
  return { kind: 'digest', complete, members, records };
};

/** Throws when the message is larger than a datagram holds: the core never makes such a one. */
export const encodeMessage = (message: MeshMessage): Uint8Array => {
  const out = new Writer(messageBytesMax);
  out.u8((messageVersion << 4) | kinds.indexOf(message.kind));
  switch (message.kind) {
    case 'ping':
    case 'ack':
      out.u32(message.seq);
      out.u32(message.summary.members);
      out.u32(message.summary.records);
      for (const rumour of message.rumours) writeRumour(out, rumour);
      break;
    case 'ping-request':
      out.u32(message.seq);
      out.uuid(message.target);
      break;
    case 'ping-answer':
      out.u32(message.seq);
      out.u8(message.reached ? 1 : 0);
      break;
    case 'gossip':
      for (const rumour of message.rumours) writeRumour(out, rumour);
      break;
    case 'buckets':
      for (const hash of message.hashes) out.u32(hash);
      break;
    case 'digest':
      writeDigest(out, message);
      break;
    case 'record':
      out.text(message.name);
      out.u48(message.version);
      out.u8(message.index);
      out.u8(message.count);
      out.raw(message.bytes);
      break;
    case 'want':
      out.text(message.name);
      out.u48(message.version);
      out.u16(message.missing);
      break;
  }
  return out.done();
};

const readRumours = (from: Reader): Rumour[] => {
  const rumours: Rumour[] = [];
  while (from.left > 0) rumours.push(readRumour(from));
  return rumours;
};

const readRecord = (from: Reader): MeshMessage => {
  const [name, version] = [from.text(recordNameLengthMax), from.u48()];
  const [index, count] = [from.u8(), from.u8()];
  if (count > piecesMax || index >= Math.max(1, count)) throw new Malformed('no such piece');
  if (from.left > pieceBytesMax) throw new Malformed('piece too long');
  // A copy: the packet's memory is not kept alive by what is remembered of it.
  const bytes = Uint8Array.from(from.raw(from.left));
  return { kind: 'record', name, version, index, count, bytes };
};

const kindOf = (code: number): (typeof kinds)[number] => {
  const kind = kinds[code];
  if (kind === undefined) throw new Malformed('unknown kind');
  return kind;
};

const read = (from: Reader): MeshMessage => {
  const head = from.u8();
  if (head >> 4 !== messageVersion) throw new Malformed('another version');
  const kind = kindOf(head & 0xf);
  switch (kind) {
    case 'ping':
    case 'ack': {
      const seq = from.u32();
      const summary = { members: from.u32(), records: from.u32() };
      return { kind, seq, summary, rumours: readRumours(from) };
    }
    case 'ping-request':
      return { kind, seq: from.u32(), target: from.uuid() };
    case 'ping-answer':
      return { kind, seq: from.u32(), reached: from.u8() === 1 };
    case 'gossip':
      return { kind, rumours: readRumours(from) };
    case 'buckets':
      return { kind, hashes: Array.from({ length: bucketCount }, () => from.u32()) };
    case 'digest':
      return readDigest(from);
    case 'record':
      return readRecord(from);
    case 'want':
      return {
        kind,
        name: from.text(recordNameLengthMax),
        version: from.u48(),
        missing: from.u16(),
      };
  }
};

/** Null for anything that is not exactly one message. */
export const decodeMessage = (bytes: Uint8Array): MeshMessage | null => {
  if (bytes.byteLength > messageBytesMax) return null;
  return orNull(() => {
    const from = new Reader(bytes);
    const message = read(from);
    if (from.left > 0) throw new Malformed('too long');
    return message;
  });
};

const signedAs = Buffer.from('signalbeam mesh claim 1\n');
const toSign = (bytes: Uint8Array): Uint8Array => Buffer.concat([signedAs, bytes]);

/** Claims under a device's own key; `verify` is given the roster's spelling of a public key. */
export const claimSeal = (
  sign: (bytes: Uint8Array) => Uint8Array,
  verify: (publicKey: string, bytes: Uint8Array, signature: Uint8Array) => boolean,
) => ({
  sign: (claim: Claim): SignedClaim => {
    const bytes = encodeClaim(claim);
    return { claim, bytes, signature: sign(toSign(bytes)) };
  },
  verify: ({ bytes, signature }: SignedClaim, publicKey: string): boolean =>
    verify(publicKey, toSign(bytes), signature),
});
