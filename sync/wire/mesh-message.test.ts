/** The mesh's bytes: what goes in comes out, and nothing else is accepted, however it is damaged. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datagramBytesMax, messageBytesMax, pieceBytesMax, piecesMax } from '../mesh/limits.ts';
import {
  type MeshMessage,
  memberEntryBytes,
  messageHeadBytes,
  type Rumour,
  recordEntryBytes,
  rumourBytes,
} from '../mesh/message.ts';
import { publicKeyFromRaw, verifySignature } from './keys.ts';
import {
  claimedName,
  claimSeal,
  decodeClaim,
  decodeMessage,
  encodeClaim,
  encodeMessage,
} from './mesh-message.ts';
import { aesPacketCrypto, createOpener, createSealer } from './mesh-packet.ts';
import { createDeviceKey, rawPublicKey, signerFromNkeySeed } from './nkey.ts';

const key = createDeviceKey();
const seal = claimSeal(
  (bytes) => signerFromNkeySeed(key.seed).sign(bytes),
  (publicKey, bytes, signature) => {
    const raw = rawPublicKey(publicKey);
    return raw !== null && verifySignature(publicKeyFromRaw(raw), bytes, signature);
  },
);

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const plain = (maxLength: number) =>
  fc.stringMatching(/^[a-z0-9:./-]*$/, { maxLength }).map((text) => text.slice(0, maxLength));
const version = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const claim = fc.record({
  device: fc.uuid(),
  bootId: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((n) => n.toString(16).padStart(16, '0')),
  incarnation: u32,
  seq: u32,
  leaving: fc.boolean(),
  canRunLeaf: fc.boolean(),
  clockOk: fc.boolean(),
  chosen: fc.boolean(),
  gateway: fc.boolean(),
  linked: fc.boolean(),
  uplink: fc.integer({ min: 0, max: 255 }),
  peerPort: fc.integer({ min: 0, max: 65_535 }),
  leafPort: fc.integer({ min: 0, max: 65_535 }),
  addresses: fc.array(plain(40), { maxLength: 4 }),
  agentVersion: plain(32),
  name: fc.string({ unit: 'grapheme', maxLength: 30 }).map(claimedName),
});
const rumour: fc.Arbitrary<Rumour> = fc.oneof(
  claim.map((value) => {
    const bytes = encodeClaim(value);
    return {
      kind: 'claim' as const,
      signed: { claim: value, bytes: Uint8Array.from(bytes), signature: new Uint8Array(64) },
      dead: false,
    };
  }),
  fc.record({
    kind: fc.constant('suspect' as const),
    device: fc.uuid(),
    incarnation: u32,
    by: fc.uuid(),
  }),
  fc.record({ kind: fc.constant('holds' as const), name: plain(140), version }),
);
const rumours = fc.array(rumour, { maxLength: 3 });
const summary = fc.record({ members: u32, records: u32 });
const message: fc.Arbitrary<MeshMessage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ping' as const, 'ack' as const), seq: u32, summary, rumours }),
  fc.record({ kind: fc.constant('ping-request' as const), seq: u32, target: fc.uuid() }),
  fc.record({ kind: fc.constant('ping-answer' as const), seq: u32, reached: fc.boolean() }),
  fc.record({ kind: fc.constant('gossip' as const), rumours }),
  fc.record({
    kind: fc.constant('buckets' as const),
    hashes: fc.array(u32, { minLength: 32, maxLength: 32 }),
  }),
  fc.record({
    kind: fc.constant('digest' as const),
    complete: u32,
    members: fc.array(
      fc.record({ device: fc.uuid(), incarnation: u32, seq: u32, dead: fc.boolean() }),
      { maxLength: 10 },
    ),
    records: fc.array(fc.record({ name: plain(60), version }), { maxLength: 8 }),
  }),
  fc.record({
    kind: fc.constant('record' as const),
    name: plain(140),
    version,
    index: fc.nat({ max: 4 }),
    count: fc.integer({ min: 5, max: piecesMax }),
    bytes: fc.uint8Array({ maxLength: pieceBytesMax }),
  }),
  fc.record({
    kind: fc.constant('want' as const),
    name: plain(140),
    version,
    missing: fc.integer({ min: 0, max: 0xffff }),
  }),
);

const estimate = (value: MeshMessage): number => {
  if (value.kind === 'digest') {
    return (
      messageHeadBytes +
      value.members.length * memberEntryBytes +
      value.records.reduce((sum, entry) => sum + recordEntryBytes(entry), 0)
    );
  }
  if (value.kind === 'record' || value.kind === 'want') return messageBytesMax;
  const list = 'rumours' in value ? value.rumours : [];
  return messageHeadBytes + list.reduce((sum, entry) => sum + rumourBytes(entry), 0);
};

test('a message comes out as it went in, no larger than the core reckons', () => {
  fc.assert(
    fc.property(message, (value) => {
      fc.pre(estimate(value) <= messageBytesMax);
      const bytes = encodeMessage(value);
      if (value.kind !== 'buckets') expect(bytes.byteLength).toBeLessThanOrEqual(estimate(value));
      expect(decodeMessage(bytes)).toEqual(value);
    }),
    { numRuns: 1_000 },
  );
});

test('random and damaged bytes are refused or are another message; nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_400 }), (bytes) => {
      decodeMessage(bytes);
      decodeClaim(bytes);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
      fc.pre(estimate(value) <= messageBytesMax);
      const bytes = Uint8Array.from(encodeMessage(value));
      const cut = decodeMessage(bytes.subarray(0, place % bytes.byteLength));
      // Rumours and a record's bytes go on to the end of what came; the packet's tag says that it is all.
      if (!['ping', 'ack', 'gossip', 'record'].includes(value.kind)) {
        expect(cut, 'a part is no message').toBeNull();
      }
      bytes[place % bytes.byteLength] = (bytes[place % bytes.byteLength] ?? 0) ^ change;
      decodeMessage(bytes);
    }),
    { numRuns: 2_000 },
  );
});

test("a claim is believed by its device's key alone, to the last bit, and travels untouched", () => {
  fc.assert(
    fc.property(claim, fc.nat(), (value, place) => {
      const signed = seal.sign(value);
      expect(seal.verify(signed, key.nkey)).toBe(true);
      expect(seal.verify(signed, createDeviceKey().nkey)).toBe(false);
      const changed = Uint8Array.from(signed.bytes);
      changed[place % changed.byteLength] = (changed[place % changed.byteLength] ?? 0) ^ 1;
      expect(seal.verify({ ...signed, bytes: changed }, key.nkey)).toBe(false);
      // What a newer peer adds behind the known fields stays in the signed bytes.
      const longer = Buffer.concat([signed.bytes, Buffer.from('newer')]);
      const relayed = decodeMessage(
        encodeMessage({
          kind: 'gossip',
          rumours: [{ kind: 'claim', signed: { ...signed, bytes: longer }, dead: false }],
        }),
      );
      const [first] = relayed?.kind === 'gossip' ? relayed.rumours : [];
      expect(first?.kind === 'claim' && Buffer.from(first.signed.bytes).equals(longer)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

const device = '6f1c0d3e-2b4a-4c5d-8e6f-0a1b2c3d4e5f';
const bootId = '00112233445566aa';
const oldKey = randomBytes(32);
const newKey = randomBytes(32);
const hello = Buffer.from('hello');

const pair = () => {
  const sealer = createSealer(aesPacketCrypto, { device, bootId }, oldKey);
  const opener = createOpener(aesPacketCrypto);
  opener.acceptKeys([oldKey]);
  opener.acceptMembers([device]);
  return { sealer, opener };
};

test('a packet opens once, with its sender and boot; short names need the roster', () => {
  const { sealer, opener } = pair();
  for (const introduce of [true, false]) {
    const packet = sealer.seal(hello, introduce);
    const opened = opener.open(packet);
    expect(opened).toMatchObject({ kind: 'opened', from: device, bootId });
    expect(opened.kind === 'opened' && Buffer.from(opened.message).equals(hello)).toBe(true);
    expect(opener.open(packet)).toEqual({ kind: 'refused', code: 'replayed' });
  }
  opener.acceptMembers([]);
  expect(opener.open(sealer.seal(hello, false))).toMatchObject({ code: 'unknown-sender' });
  expect(opener.open(sealer.seal(hello, true))).toMatchObject({ kind: 'opened' });
});

test('reordered packets are taken, each once; those beyond the window are not', () => {
  const { sealer, opener } = pair();
  const packets = Array.from({ length: 100 }, () => sealer.seal(hello, false));
  const tried = [0, 5, 3, 3, 99, 98, 40, 40, 36, 30].map((index) => {
    const opened = opener.open(packets[index] ?? hello);
    return opened.kind === 'opened' ? 'taken' : opened.code;
  });
  expect(tried).toEqual([
    'taken',
    'taken',
    'taken',
    'replayed',
    'taken',
    'taken',
    'taken',
    'replayed',
    'taken',
    'replayed',
  ]);
});

test('while the site key rotates both are accepted, afterwards only the new one', () => {
  const { sealer, opener } = pair();
  const old = sealer.seal(hello, false);
  sealer.rotate(newKey);
  expect(opener.open(sealer.seal(hello, false))).toMatchObject({ code: 'unknown-key' });
  opener.acceptKeys([newKey, oldKey]);
  expect(opener.open(sealer.seal(hello, false))).toMatchObject({ kind: 'opened' });
  expect(opener.open(old)).toMatchObject({ kind: 'opened' });
  opener.acceptKeys([newKey]);
  expect(opener.open(old)).toMatchObject({ code: 'unknown-key' });
  expect(opener.remembered()).toBe(1);
});

test('any changed bit and any noise is refused, and takes no memory', () => {
  const { sealer, opener } = pair();
  const packet = sealer.seal(hello, true);
  for (let bit = 0; bit < packet.byteLength * 8; bit += 1) {
    const changed = Uint8Array.from(packet);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(opener.open(changed).kind).toBe('refused');
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => {
      expect(opener.open(bytes).kind).toBe('refused');
    }),
    { numRuns: 2_000 },
  );
  expect(opener.remembered()).toBe(0);
  expect(() => sealer.seal(Buffer.alloc(datagramBytesMax), false)).toThrow(RangeError);
});

test('boots are remembered up to a limit', () => {
  const { opener } = pair();
  for (let boot = 0; boot < 1_100; boot += 1) {
    const id = boot.toString(16).padStart(16, '0');
    const sealer = createSealer(aesPacketCrypto, { device, bootId: id }, oldKey);
    expect(opener.open(sealer.seal(hello, false)).kind).toBe('opened');
  }
  expect(opener.remembered()).toBe(1_024);
});
