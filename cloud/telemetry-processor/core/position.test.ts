import { chainStart } from '@signalbeam/sync/core/lanes';
import { extendChain } from '@signalbeam/sync/wire/chain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type Extent, type Position } from './position.ts';

type Line = { from: number; to: number; hash: string; isGap: boolean };

/** A lane of rows and gap lines: `shape[i]` is how many rows line `i` gives up, 0 for a row. */
const laneOf = (shape: readonly number[], salt = ''): Line[] => {
  const lines: Line[] = [];
  let seq = 0;
  let hash = chainStart;
  for (const dropped of shape) {
    const from = seq + 1;
    seq += Math.max(1, dropped);
    hash = extendChain(hash, `${salt}${from}-${seq}`);
    lines.push({ from, to: seq, hash, isGap: dropped > 0 });
  }
  return lines;
};

const frameOf = (lane: readonly Line[], start: number, end: number): Extent => {
  const lines = lane.slice(start, end);
  return {
    firstSeq: lines[0]?.from ?? 0,
    lastSeq: lines.at(-1)?.to ?? 0,
    before: lane[start - 1]?.hash ?? chainStart,
    ends: lines.map((line) => line.to),
    hashes: lines.map((line) => line.hash),
  };
};

const start: Position = { upTo: 0, hash: chainStart };
const shapes = fc.array(fc.constantFrom(0, 0, 0, 1, 4), { minLength: 1, maxLength: 40 });
const cuts = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 60 });

/** Takes frames in as the store does; counts how often each sequence was stored or given up. */
const takeIn = (position: Position, frames: readonly Extent[], counts: Map<number, number>) => {
  let at = position;
  for (const frame of frames) {
    const decision = decide(at, frame);
    if (decision.kind !== 'new') continue;
    for (let seq = decision.fromSeq; seq <= frame.lastSeq; seq += 1) {
      counts.set(seq, (counts.get(seq) ?? 0) + 1);
    }
    at = decision.position;
  }
  return at;
};

describe('decide', () => {
  it('counts each sequence once under any order, repetition and loss of frames', () => {
    fc.assert(
      fc.property(shapes, cuts, (shape, pieces) => {
        const lane = laneOf(shape);
        const frames = pieces.flatMap(([a, b]) => {
          const [from, to] = [Math.min(a, b) % lane.length, Math.max(a, b) % lane.length];
          return from < to ? [frameOf(lane, from, to)] : [];
        });
        const counts = new Map<number, number>();
        const wild = takeIn(start, frames, counts);
        // In the end the device sends from the acknowledged position on, line by line.
        const rest = lane.map((_, index) => frameOf(lane, index, index + 1));
        const end = takeIn(wild, rest, counts);
        const last = lane.at(-1);
        expect(end).toEqual({ upTo: last?.to, hash: last?.hash });
        expect([...counts.keys()].sort((a, b) => a - b)).toEqual(
          Array.from({ length: last?.to ?? 0 }, (_, index) => index + 1),
        );
        expect([...counts.values()].every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never stores rows of another history', () => {
    fc.assert(
      fc.property(shapes, shapes, fc.nat(39), fc.nat(39), (mine, theirs, at, from) => {
        const known = laneOf(mine);
        const other = laneOf(theirs, 'another history ');
        const line = known[at % known.length];
        const begin = from % other.length;
        const frame = frameOf(other, begin, other.length);
        if (line === undefined) return;
        const position = { upTo: line.to, hash: line.hash };
        // Inside a gap line no hash can be compared; everywhere else the two must not join.
        const isComparable = frame.firstSeq === line.to + 1 || frame.ends.includes(line.to);
        if (isComparable) expect(decide(position, frame).kind).toBe('mismatch');
      }),
    );
  });

  it('refuses a first frame that does not start from nothing', () => {
    const lane = laneOf([0, 0]);
    expect(decide(start, { ...frameOf(lane, 0, 2), before: 'f'.repeat(32) })).toEqual({
      kind: 'mismatch',
    });
  });

  it('says that a frame came early, or is known', () => {
    const lane = laneOf([0, 0, 0, 0]);
    const at = { upTo: 2, hash: lane[1]?.hash ?? '' };
    expect(decide(at, frameOf(lane, 3, 4)).kind).toBe('ahead');
    expect(decide(at, frameOf(lane, 0, 1)).kind).toBe('known');
    expect(decide(at, frameOf(lane, 0, 2)).kind).toBe('known');
    expect(decide(at, frameOf(lane, 1, 4))).toMatchObject({ kind: 'new', fromLine: 1, fromSeq: 3 });
  });

  it('goes on from inside a gap that the device declared', () => {
    const lane = laneOf([0, 4, 0]);
    const decision = decide({ upTo: 3, hash: 'a'.repeat(32) }, frameOf(lane, 1, 3));
    expect(decision).toEqual({
      kind: 'new',
      fromLine: 0,
      fromSeq: 4,
      position: { upTo: 6, hash: lane[2]?.hash },
    });
  });
});
