/**
 * The outbox against a model of the cloud and a network that loses, doubles, delays and reorders:
 * whatever happens, rows are deleted only when the cloud has them, and all arrive in the end.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chainStart, type Lane } from '../core/lanes.ts';
import { extendChain } from '../wire/chain.ts';
import * as core from './outbox.ts';
import { planOutbox } from './plan.ts';

type Row = { seq: number; text: string; hash: string };
type LaneDisk = { epoch: string; acked: number; ackedHash: string; rows: Row[] };
type Frame = { lane: Lane; epoch: string; before: string; rows: Row[] };
type Message =
  | { to: 'cloud'; kind: 'frame'; frame: Frame }
  | { to: 'cloud'; kind: 'hello'; nonce: number }
  | { to: 'device'; kind: 'ack' | 'welcome'; nonce: number; positions: core.Position[] };

const lanes: readonly Lane[] = ['events', 'metrics'];
const credit = 7;

const createWorld = (seed: number) => {
  let state = seed >>> 0 || 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let now = 1_000_000;
  let epochs = 0;
  let boots = 0;
  const freshEpoch = (): string => {
    epochs += 1;
    return `epoch-${epochs}`;
  };
  const disk = new Map<Lane, LaneDisk>(
    lanes.map((lane) => [lane, { epoch: freshEpoch(), acked: 0, ackedHash: chainStart, rows: [] }]),
  );
  const cloud = new Map<string, { upTo: number; hash: string; rows: string[] }>();
  const network: { at: number; message: Message }[] = [];
  const written: string[] = [];
  let lossy = true;
  let known = core.startOutbox([]);

  const laneOf = (lane: Lane): LaneDisk => {
    const found = disk.get(lane);
    if (found === undefined) throw new Error(lane);
    return found;
  };
  const lastOf = ({ rows, acked }: LaneDisk): number => rows.at(-1)?.seq ?? acked;
  const headOf = (lane: Lane) => {
    const { epoch, acked } = laneOf(lane);
    return { lane, epoch, acked, last: lastOf(laneOf(lane)) };
  };
  const hashAt = (lane: Lane, seq: number): string | null => {
    const { acked, ackedHash, rows } = laneOf(lane);
    if (seq === 0) return chainStart;
    return seq === acked ? ackedHash : (rows.find((row) => row.seq === seq)?.hash ?? null);
  };
  const around = (): core.Surroundings => ({ now, random: random(), hashAt });
  const append = (lane: Lane, text: string): void => {
    const at = laneOf(lane);
    const seq = lastOf(at) + 1;
    at.rows.push({
      seq,
      text,
      hash: extendChain(at.rows.at(-1)?.hash ?? at.ackedHash, `${seq} ${text}`),
    });
  };
  const send = (message: Message): void => {
    const copies = lossy ? (random() < 0.3 ? 0 : random() < 0.2 ? 2 : 1) : 1;
    for (let copy = 0; copy < copies; copy += 1)
      network.push({ at: now + random() * (lossy ? 20_000 : 50), message });
  };
  const positionOf = (lane: Lane, epoch: string): core.Position => {
    const { upTo, hash } = cloud.get(`${lane} ${epoch}`) ?? { upTo: 0, hash: chainStart };
    return { lane, epoch, upTo, hash, credit };
  };
  /** As ingest does: new rows only, in order, and only onto its own chain. */
  const ingest = ({ lane, epoch, before, rows }: Frame): void => {
    const key = `${lane} ${epoch}`;
    const at = cloud.get(key) ?? { upTo: 0, hash: chainStart, rows: [] };
    const fresh = rows.filter(({ seq }) => seq > at.upTo);
    const first = fresh[0];
    const previous =
      first === undefined ? null : (rows.find(({ seq }) => seq === first.seq - 1)?.hash ?? before);
    if (first !== undefined && first.seq === at.upTo + 1 && previous === at.hash) {
      const last = fresh.at(-1) ?? first;
      cloud.set(key, {
        upTo: last.seq,
        hash: last.hash,
        rows: [...at.rows, ...fresh.map(({ text }) => text)],
      });
    }
    send({ to: 'device', kind: 'ack', nonce: 0, positions: [positionOf(lane, epoch)] });
  };
  const apply = ({ known: next, effects }: core.Change): void => {
    known = next;
    for (const effect of effects) {
      const at = laneOf(effect.lane);
      if (effect.kind === 'confirm') {
        const stored = cloud.get(`${effect.lane} ${at.epoch}`);
        const texts = at.rows.filter(({ seq }) => seq <= effect.upTo).map(({ text }) => text);
        expect(stored?.rows).toEqual(expect.arrayContaining(texts));
        at.rows = at.rows.filter(({ seq }) => seq > effect.upTo);
        Object.assign(at, { acked: effect.upTo, ackedHash: effect.hash });
      } else if (effect.kind === 'new-epoch') {
        const texts = at.rows.map(({ text }) => text);
        Object.assign(at, { epoch: freshEpoch(), acked: 0, ackedHash: chainStart, rows: [] });
        for (const text of texts) append(effect.lane, text);
        known = core.refreshed(known, headOf(effect.lane));
      } else throw new Error('the model cloud never goes back');
    }
  };
  const deliver = (message: Message): void => {
    if (message.to === 'cloud') {
      if (message.kind === 'frame') ingest(message.frame);
      else
        send({
          to: 'device',
          kind: 'welcome',
          nonce: message.nonce,
          positions: lanes.map((lane) => positionOf(lane, laneOf(lane).epoch)),
        });
    } else if (message.kind === 'ack') apply(core.acknowledged(known, message.positions, around()));
    else
      apply(
        core.welcomed(known, { helloId: message.nonce, positions: message.positions }, around()),
      );
  };
  const pump = (): void => {
    known = core.elapsed(known, around());
    for (;;) {
      const step = planOutbox(known, now).steps[0];
      if (step === undefined) return;
      if (step.kind === 'hello') {
        known = core.helloSent(known, around());
        send({ to: 'cloud', kind: 'hello', nonce: known.helloId });
        if (random() < 0.2) {
          const failed = { helloId: known.helloId, unreachable: true };
          known = core.helloFailed(known, failed, around());
        }
        continue;
      }
      const rows = laneOf(step.lane)
        .rows.filter(({ seq }) => seq > step.afterSeq)
        .slice(0, Math.min(3, step.rowsMax));
      const [first, last] = [rows[0], rows.at(-1)];
      if (first === undefined || last === undefined) throw new Error('a planned frame is empty');
      const before = hashAt(step.lane, first.seq - 1);
      if (before === null) throw new Error('a hole');
      known = core.frameSent(known, { lane: step.lane, lastSeq: last.seq }, around());
      send({
        to: 'cloud',
        kind: 'frame',
        frame: { lane: step.lane, epoch: step.epoch, before, rows },
      });
      known =
        lossy && random() < 0.2
          ? core.frameFailed(known, { lane: step.lane, unreachable: random() < 0.5 }, around())
          : core.frameReceived(known);
    }
  };
  const boot = (): void => {
    boots += 1;
    const fresh = core.startOutbox(lanes.map((lane) => core.laneProgress(headOf(lane))));
    // On the wire the greeting is named by a random nonce, so two boots never share one.
    known = core.linkUp({ ...fresh, helloId: boots * 1_000_000 }, now);
  };
  boot();
  return {
    random,
    write: (lane: Lane): void => {
      const text = `${lane} ${written.length}`;
      written.push(text);
      append(lane, text);
      known = core.grown(known, lane, headOf(lane).last);
    },
    cut: (): void => {
      known = core.linkDown(known);
    },
    heal: (): void => {
      known = core.linkUp(known, now);
    },
    restart: boot,
    snapshot: (): string => JSON.stringify([...disk]),
    /** An old copy of the disk comes back: what was written after it is lost with the new disk. */
    restore: (copy: string): void => {
      const texts = (lane: Lane): string[] => laneOf(lane).rows.map(({ text }) => text);
      const old = new Map(JSON.parse(copy) as [Lane, LaneDisk][]);
      const inCloud = new Set([...cloud.values()].flatMap(({ rows }) => rows));
      for (const lane of lanes) {
        const kept = new Set(old.get(lane)?.rows.map(({ text }) => text));
        for (const text of texts(lane)) {
          if (!kept.has(text) && !inCloud.has(text)) written.splice(written.indexOf(text), 1);
        }
        const before = old.get(lane);
        if (before !== undefined) disk.set(lane, before);
      }
      boot();
    },
    step: (ms: number): void => {
      now += ms;
      const due = network.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
      for (const each of due) network.splice(network.indexOf(each), 1);
      for (const { message } of due) deliver(message);
      if (known.phase !== 'down') pump();
    },
    calm: (): void => {
      lossy = false;
    },
    backlog: () => lanes.reduce((sum, lane) => sum + laneOf(lane).rows.length, 0),
    written: () => [...written].sort(),
    stored: () => [...cloud.values()].flatMap(({ rows }) => rows).sort(),
  };
};

const settle = (world: ReturnType<typeof createWorld>): void => {
  world.calm();
  world.heal();
  for (let turn = 0; turn < 20_000 && world.backlog() > 0; turn += 1) world.step(1_000);
  expect(world.backlog()).toBe(0);
};

const acts = fc.array(
  fc.constantFrom('write', 'write', 'write', 'step', 'step', 'long', 'cut', 'heal', 'restart'),
  { minLength: 20, maxLength: 200 },
);

test('whatever the network does, every row arrives once and none is deleted before', () => {
  fc.assert(
    fc.property(fc.nat(), acts, (seed, plan) => {
      const world = createWorld(seed);
      for (const act of plan) {
        if (act === 'write') world.write(world.random() < 0.5 ? 'events' : 'metrics');
        else if (act === 'step') world.step(500);
        else if (act === 'long') world.step(90_000);
        else world[act]();
      }
      settle(world);
      expect(world.stored()).toEqual(world.written());
    }),
    { numRuns: 1000 },
  );
});

test('a disk that comes back from a copy begins a new epoch and loses nothing that it has', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(30), fc.nat(30), (seed, before, after) => {
      const world = createWorld(seed);
      for (let index = 0; index <= before; index += 1) {
        world.write('events');
        world.step(700);
      }
      const copy = world.snapshot();
      for (let index = 0; index <= after; index += 1) {
        world.write('events');
        world.step(3_000);
      }
      world.restore(copy);
      for (let index = 0; index < 5; index += 1) world.write('events');
      settle(world);
      // Frames of the lost disk may still arrive: the cloud may know more, never less.
      expect(world.stored()).toEqual(expect.arrayContaining(world.written()));
    }),
    { numRuns: 1000 },
  );
});

test('a receipt of the broker confirms nothing', () => {
  const lane = core.laneProgress({ lane: 'events', epoch: 'a', acked: 0, last: 3 });
  const around = { now: 0, random: 0.5, hashAt: () => 'hash' };
  const open = { ...core.linkUp(core.startOutbox([lane]), 0), phase: 'open' as const };
  const sent = core.frameSent(open, { lane: 'events', lastSeq: 3 }, around);
  expect(core.frameReceived(sent).lanes[0]).toMatchObject({ acked: 0, cursor: 3 });
});

test('an acknowledgement with another hash deletes nothing and makes the device ask', () => {
  const lane = {
    ...core.laneProgress({ lane: 'events', epoch: 'a', acked: 0, last: 3 }),
    cursor: 3,
  };
  const known = { ...core.startOutbox([lane]), phase: 'open' as const };
  const around = { now: 0, random: 0.5, hashAt: () => 'own' };
  const position = { lane: 'events' as const, epoch: 'a', upTo: 2, hash: 'foreign', credit: 10 };
  const { known: next, effects } = core.acknowledged(known, [position], around);
  expect(effects).toEqual([]);
  expect(next.phase).toBe('greeting');
  expect(
    core.welcomed(core.helloSent(next, around), { helloId: 1, positions: [position] }, around)
      .effects,
  ).toMatchObject([{ kind: 'new-epoch' }]);
});

test('a cloud that went back to a backup is told which rows it lost', () => {
  const lane = core.laneProgress({ lane: 'events', epoch: 'a', acked: 9, last: 12 });
  const known = core.linkUp(core.startOutbox([lane]), 0);
  const around = { now: 0, random: 0.5, hashAt: () => 'own' };
  const position = { lane: 'events' as const, epoch: 'a', upTo: 4, hash: 'theirs', credit: 10 };
  expect(
    core.welcomed(core.helloSent(known, around), { helloId: 1, positions: [position] }, around)
      .effects,
  ).toEqual([{ kind: 'note-loss', lane: 'events', upTo: 4, hash: 'theirs' }]);
});

test('both ends compare again about once an hour although there is nothing to send', () => {
  const lane = core.laneProgress({ lane: 'events', epoch: 'a', acked: 9, last: 9 });
  const around = { now: 0, random: 0, hashAt: () => 'own' };
  const position = { lane: 'events' as const, epoch: 'a', upTo: 9, hash: 'own', credit: 10 };
  const greeted = core.helloSent(core.linkUp(core.startOutbox([lane]), 0), around);
  const { known } = core.welcomed(greeted, { helloId: 1, positions: [position] }, around);
  const { steps, wakeAt } = planOutbox(known, 0);
  expect(steps).toEqual([]);
  expect(wakeAt).toBe(2_880_000);
  expect(core.elapsed(known, { ...around, now: 2_879_999 }).phase).toBe('open');
  const asking = core.elapsed(known, { ...around, now: 2_880_000 });
  expect(planOutbox(asking, 2_880_000).steps).toEqual([{ kind: 'hello' }]);
  const lost = { helloId: 2, positions: [{ ...position, upTo: 4, hash: 'theirs' }] };
  expect(core.welcomed(core.helloSent(asking, around), lost, around).effects).toEqual([
    { kind: 'note-loss', lane: 'events', upTo: 4, hash: 'theirs' },
  ]);
});

test('events go before metrics, within the credit, and the sentence says what is waited for', () => {
  const lane = (name: Lane) => ({
    ...core.laneProgress({ lane: name, epoch: 'a', acked: 0, last: 50 }),
    credit: 5,
  });
  const known = { ...core.startOutbox([lane('metrics'), lane('events')]), phase: 'open' as const };
  expect(planOutbox(known, 0).steps).toEqual([
    { kind: 'frame', lane: 'events', epoch: 'a', afterSeq: 0, rowsMax: 5 },
  ]);
  expect(planOutbox({ ...known, phase: 'down' }, 0).waiting).toBe(
    'Waiting for the connection to send 100 rows.',
  );
  expect(planOutbox({ ...known, phase: 'greeting', helloAt: 9 }, 0)).toEqual({
    steps: [],
    waiting: "Waiting for the cloud's welcome to send 100 rows.",
    wakeAt: 9,
  });
});

test('rows that nobody is in a hurry for go together: after a while, when many, or when asked', () => {
  const around = { now: 0, random: 0, hashAt: () => 'own' };
  const lane = core.laneProgress({ lane: 'metrics', epoch: 'a', acked: 0, last: 0 });
  const position = { lane: 'metrics' as const, epoch: 'a', upTo: 0, hash: 'own', credit: 100 };
  const greeted = core.helloSent(core.linkUp(core.startOutbox([lane]), 0), around);
  const { known } = core.welcomed(greeted, { helloId: 1, positions: [position] }, around);
  const frame = { kind: 'frame', lane: 'metrics', afterSeq: 0 };

  const held = core.grown(known, 'metrics', 4, 900_000);
  expect(planOutbox(held, 1)).toMatchObject({
    steps: [],
    waiting: '4 rows wait to go together, within 15 min.',
  });
  const more = core.grown(held, 'metrics', 8, 1_200_000);
  expect(planOutbox(more, 899_999).steps).toEqual([]);
  expect(planOutbox(more, 900_000).steps).toMatchObject([{ ...frame, rowsMax: 8 }]);
  expect(planOutbox(core.grown(more, 'metrics', 60, 1), 1).steps).toMatchObject([frame]);
  expect(planOutbox(core.hurried(more), 1).steps).toMatchObject([frame]);

  const sent = core.frameSent(core.hurried(more), { lane: 'metrics', lastSeq: 8 }, around);
  const next = core.grown(sent, 'metrics', 12, 1_500_000);
  expect(planOutbox(next, 2).steps).toEqual([]);
  const again = core.linkUp(core.linkDown(next), 3);
  expect(again.lanes[0]?.heldUntil).toBeNull();
});
