/**
 * Records that come in pieces, against a member that lies: pieces that were changed, doubled, taken from
 * another record, beyond the end, of records nobody asked for, without an end, promises of versions that
 * nobody has. What is true reaches all the others all the same, what is false is refused and counted, and
 * nobody remembers more than its limits for it.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../wire/mesh-message.ts';
import { mutantsOf } from '../wire/mutants.fixture.ts';
import { beyondLimits } from './bounds.fixture.ts';
import { pieceBytesMax, piecesMax, recordsMax } from './limits.ts';
import type { MeshMessage } from './message.ts';
import { addressOf, allHold, createSite, type Site, timeUntil } from './site.fixture.ts';

type Piece = Extract<MeshMessage, { kind: 'record' }>;

const members = 4;
const liar = 3;
const recordBytes = 5_000;
const truth = [
  ['plan/1', 3],
  ['plan/2', 9],
] as const;

const opened = (seed: number, options: Partial<Parameters<typeof createSite>[0]> = {}): Site => {
  const site = createSite({ members, seed, recordBytes, ...options });
  site.startAll();
  site.runFor(10_000);
  return site;
};
const writeTruth = (site: Site): void => {
  for (const [index, [name, version]] of truth.entries()) site.write(index, name, version);
};
/** The liar keeps for itself what it hears; the others are who counts. */
const honestHold = (site: Site): boolean =>
  truth.every(([name, version]) =>
    site.processes.every(({ index, records }) => index === liar || records.get(name) === version),
  );
const messageOf = (bytes: Uint8Array): MeshMessage => {
  const message = decodeMessage(bytes);
  if (message === null) throw new Error('what was sent is no message');
  return message;
};

/** What really passed while two records went round in pieces. */
const traffic: Uint8Array[] = [];
let pieces: Piece[] = [];
beforeAll(() => {
  const site = opened(21);
  site.network.tap = (_from, bytes) => {
    if (['record', 'want'].includes(messageOf(bytes).kind)) traffic.push(bytes);
  };
  writeTruth(site);
  timeUntil(site, 5_000, () => truth.every(([name, version]) => allHold(site, name, version)));
  pieces = traffic.map(messageOf).filter((message) => message.kind === 'record');
  expect(
    pieces.filter(({ count }) => count === recordBytes / pieceBytesMax).length,
  ).toBeGreaterThan(9);
});

/** Bytes that the liar puts into a packet of its own; made when traffic is there. */
type Lie = () => Uint8Array;
const piece = (which: number): Piece => pieces[which % pieces.length] as Piece;
const changed = (which: number, place: number): Lie => {
  return () => {
    const { bytes, ...rest } = piece(which);
    const other = Uint8Array.from(bytes);
    const at = place % Math.max(1, other.byteLength);
    other[at] = (other[at] ?? 0) ^ 0x41;
    return encodeMessage({ ...rest, bytes: other });
  };
};
/** Index and count stand behind the name and the version. */
const beyond = (which: number, index: number, count: number): Lie => {
  return () => {
    const true_ = piece(which);
    const bytes = Uint8Array.from(encodeMessage(true_));
    const at = bytes.byteLength - true_.bytes.byteLength - 2;
    bytes.set([index, count], at);
    return bytes;
  };
};
const mixed = (which: number, name: string, version: number): Lie => {
  return () => encodeMessage({ ...piece(which), name, version });
};
const promise = (name: string, version: number): Lie => {
  return () => encodeMessage({ kind: 'gossip', rumours: [{ kind: 'holds', name, version }] });
};

const lies: fc.Arbitrary<Lie> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat()).map(([which, place]) => changed(which, place)),
  fc.nat().map(
    (which): Lie =>
      () =>
        encodeMessage(piece(which)),
  ),
  fc
    .tuple(fc.nat(), fc.nat(255), fc.nat(255))
    .map(([which, index, count]) => beyond(which, index, count)),
  fc
    .tuple(fc.nat(), fc.constantFrom(...truth))
    .map(([which, [name, version]]) => mixed(which, name, version)),
  fc.nat().map(
    (which): Lie =>
      () =>
        encodeMessage({ ...piece(which), index: 0, count: 0 }),
  ),
  fc
    .tuple(fc.constantFrom('plan/1', 'plan/2', 'plan/none'), fc.nat(20))
    .map(([name, version]) => promise(name, version)),
  fc.tuple(fc.nat(), fc.nat(99)).map(([which, plan]) => mixed(which, `plan/${plan}`, 1)),
  fc.nat().map(
    (pick): Lie =>
      () => {
        const mutants = mutantsOf(traffic, 1_100);
        return fc.sample(mutants, { numRuns: 1, seed: pick })[0] ?? new Uint8Array();
      },
  ),
);

const honest = (site: Site) => site.processes.filter(({ index }) => index !== liar);
const say = (site: Site, bytes: Uint8Array): void => {
  for (const victim of honest(site)) site.sendBytes(site.process(liar), victim, bytes);
};

test('whatever a member says about pieces, the true records reach the others', () => {
  const counted = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom(0, 0.2),
      fc.array(lies, { minLength: 20, maxLength: 80 }),
      (seed, loss, said) => {
        const site = opened(seed, { loss, delayMs: 20 });
        // Before, while and after the true pieces are on their way; it says that it has them, too.
        const began = site.now();
        for (const [index, lie] of said.entries())
          site.at(began + index * 5, () => say(site, lie()));
        for (const [name, version] of truth)
          site.at(began + 60, () => say(site, promise(name, version)()));
        site.at(began + 50, () => writeTruth(site));
        site.runFor(100);
        timeUntil(site, 30_000, () => honestHold(site));
        for (const { mesh } of honest(site)) expect(beyondLimits(mesh)).toEqual([]);
        for (const [what, times] of site.network.refused)
          counted.set(what, (counted.get(what) ?? 0) + times);
        // And once it is quiet nothing of it is left over.
        site.runFor(5_000);
        expect(honestHold(site)).toBe(true);
        for (const { mesh } of honest(site))
          expect([...mesh.pulls.values()].flatMap(({ pieces: left }) => left)).toEqual([]);
      },
    ),
    { numRuns: process.env['SIGNALBEAM_FULL'] === '1' ? 300 : 12 },
  );
  expect([...counted.keys()].sort()).toEqual([
    ...['piece-misfit', 'piece-unasked', 'record', 'undecodable'],
  ]);
});

test('pieces without an end fill no more than one record of them', () => {
  const site = opened(22);
  site.network.unheard = (to, kind) => to === liar && kind === 'want';
  const victim = site.process(0);
  say(site, promise('plan/endless', 1)());
  const refusedBefore = site.network.refused.get('piece-unasked') ?? 0;
  for (let index = 0; index < 600; index += 1) {
    // The last one never comes.
    const part = { index: index % (piecesMax - 1), count: piecesMax };
    const bytes = Buffer.alloc(pieceBytesMax, index % 251);
    const message = { kind: 'record', name: 'plan/endless', version: 1, ...part, bytes } as const;
    site.sendBytes(site.process(liar), victim, encodeMessage(message));
    site.runFor(3);
    expect(beyondLimits(victim.mesh)).toEqual([]);
  }
  expect(victim.records.has('plan/endless')).toBe(false);
  expect(site.network.refused.get('piece-misfit')).toBeGreaterThan(10);
  expect((site.network.refused.get('piece-unasked') ?? 0) - refusedBefore).toBeGreaterThan(200);
});

test('a member that promises thousands of records on end hides the true one of nobody', () => {
  const site = opened(23, { members: 3, recordBytes: 40_000 });
  const [victim, holder, promises] = [0, 1, 2].map(site.process);
  if (victim === undefined || holder === undefined || promises === undefined) throw new Error();
  let said = 0;
  const promiseMore = (): void => {
    const rumours = Array.from({ length: 20 }, () => {
      said += 1;
      return { kind: 'holds', name: `plan/${said % (2 * recordsMax)}/none`, version: 1 } as const;
    });
    site.sendBytes(promises, victim, encodeMessage({ kind: 'gossip', rumours }));
    if (said < 16_000) site.at(site.now() + 25, promiseMore);
  };
  promiseMore();
  // Long enough for the liar to be left alone for long: what it promised waits meanwhile.
  site.runFor(15_000);
  expect(victim.mesh.wants.size).toBe(recordsMax);
  site.write(1, 'plan/1', 3);
  timeUntil(site, 2_000, () => victim.records.get('plan/1') === 3);
  expect(beyondLimits(victim.mesh)).toEqual([]);
});

test('ten thousand hostile messages of every kind leave every table within its limit', () => {
  const site = createSite({ members, seed: 24, recordBytes, loss: 0.3 });
  const all: Uint8Array[] = [];
  site.network.tap = (_from, bytes) => void all.push(bytes);
  site.startAll();
  site.at(5_000, () => writeTruth(site));
  site.runFor(20_000);
  site.network.tap = () => undefined;
  const kinds = new Set(all.map((bytes) => messageOf(bytes).kind));
  expect(kinds.size).toBeGreaterThan(7);
  const mutants = fc.sample(mutantsOf(all, 1_100), { numRuns: 10_000, seed: 24 });
  const [victim, stranger] = [site.process(0), site.process(liar)];
  mutants.forEach((bytes, index) => {
    const message = decodeMessage(bytes);
    if (message !== null) {
      // Of a member; of somebody whom the roster does not have; and of a member that starts again and again.
      const from = index % 3 === 0 ? `stranger-${index}` : stranger.device;
      const bootId = index % 5 === 0 ? index.toString(16).padStart(16, '0') : stranger.bootId;
      site.tell(victim, { kind: 'heard', from, address: addressOf(index), bootId, message });
    }
    if (index % 10 === 0) site.runFor(10);
    if (index % 500 === 0) expect(beyondLimits(victim.mesh)).toEqual([]);
  });
  expect(beyondLimits(victim.mesh)).toEqual([]);
  expect([...victim.records]).toEqual(truth.map((entry) => [...entry]));
});
