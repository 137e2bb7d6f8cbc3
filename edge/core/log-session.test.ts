import { frameBytesMax } from '@signalbeam/sync/core/limits';
import {
  type LogEntry,
  logKeepAliveMs,
  logLeaseMs,
  logLineMax,
} from '@signalbeam/sync/core/log-session';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { packLogPiece } from '@signalbeam/sync/wire/log-piece';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createOverlap,
  firstWordMs,
  gapMs,
  type Piece,
  pauseMs,
  startLogSession,
  waitingLinesMax,
} from './log-session.ts';

const line = (text: string, at = 1): LogEntry => [at, 'out', text];
const start = (forMs = 3_600_000) => startLogSession({ forMs }, 0);

/** The piece that goes now, or what happens instead. */
const sent = (session: ReturnType<typeof start>, now: number): Piece | string => {
  const next = session.next(now);
  return next.kind === 'send' ? next.piece : next.kind;
};

describe('a session', () => {
  it('sends what there is at once, one piece at a time, and counts them', () => {
    const session = start();
    session.add(line('one'));
    expect(sent(session, 0)).toEqual({ seq: 0, entries: [line('one')], ended: null });
    session.add(line('two'));
    expect(sent(session, 5)).toBe('wait');
    session.answered('go', 10);
    expect(session.next(10)).toEqual({ kind: 'wait', untilMs: 10 + gapMs });
    expect(sent(session, 10 + gapMs)).toEqual({ seq: 1, entries: [line('two')], ended: null });
  });

  it('sends the same piece again when no answer came', () => {
    const session = start();
    session.add(line('one'));
    const first = sent(session, 0);
    session.failed(5_000);
    session.add(line('two'));
    expect(sent(session, 5_000)).toBe('wait');
    expect(sent(session, 5_000 + pauseMs)).toEqual(first);
  });

  it('ends by itself when its lease does, whatever is under way', () => {
    const session = start();
    expect(sent(session, logKeepAliveMs)).toEqual({ seq: 0, entries: [], ended: null });
    session.answered('go', logKeepAliveMs);
    const lastMs = logKeepAliveMs + logLeaseMs;
    session.add(line('lost'));
    expect(sent(session, lastMs - 2)).toMatchObject({ seq: 1 });
    expect(sent(session, lastMs - 1)).toBe('wait');
    expect(sent(session, lastMs)).toBe('over');
  });

  it('ends at once when it is told to stop, and at the time that was signed', () => {
    const stopped = start();
    stopped.add(line('one'));
    sent(stopped, 0);
    stopped.answered('stop', 1);
    expect(sent(stopped, 2)).toBe('over');

    const session = start(1_000);
    expect(session.next(0)).toEqual({ kind: 'wait', untilMs: firstWordMs });
    expect(sent(session, 1_000)).toEqual({ seq: 0, entries: [], ended: 'time-is-up' });
    session.answered('go', 1_001);
    expect(sent(session, 1_002)).toBe('over');
  });

  it('ends soon after that time, however much a program writes and whatever is answered', () => {
    for (const answer of ['go', 'wait'] as const) {
      const session = start(1_000);
      const told: Piece[] = [];
      let now = 0;
      for (; now < 60_000; now += gapMs) {
        for (let count = 0; count < 20; count += 1) session.add(line('x'.repeat(logLineMax)));
        const piece = sent(session, now);
        if (piece === 'over') break;
        if (typeof piece === 'string') continue;
        told.push(piece);
        session.answered(answer, now);
      }
      expect(now).toBeLessThanOrEqual(1_000 + logLeaseMs);
      if (answer === 'go') expect(told.at(-1)?.ended).toBe('time-is-up');
    }
  });

  it('says again, and slower, what a reader that does not keep up had no room for', () => {
    const session = start();
    session.add(line('one'));
    const first = sent(session, 0);
    session.add(line('two'));
    session.answered('wait', 0);
    expect(session.next(gapMs)).toEqual({ kind: 'wait', untilMs: pauseMs });
    expect(sent(session, pauseMs)).toEqual(first);
    session.answered('go', pauseMs);
    expect(sent(session, pauseMs + gapMs)).toMatchObject({ seq: 1, entries: [line('two')] });
  });

  it('tells its end with the last of what waits', () => {
    const session = start();
    for (let count = 0; count < 8; count += 1) session.add(line('x'.repeat(logLineMax)));
    session.end('complete');
    const pieces: Piece[] = [];
    for (let now = 0; ; now += gapMs) {
      const piece = sent(session, now);
      if (typeof piece === 'string') break;
      pieces.push(piece);
      session.answered('go', now);
    }
    expect(pieces.map(({ ended }) => ended)).toEqual([null, null, 'complete']);
    expect(pieces.flatMap(({ entries }) => entries)).toHaveLength(8);
  });
});

describe('more lines than go', () => {
  it('leave out the oldest, counted where they were, and none is unaccounted for', () => {
    const session = start();
    const written = 3 * waitingLinesMax;
    for (let count = 0; count < written; count += 1) session.add(line(String(count)));
    const told: LogEntry[] = [];
    for (let now = 0; ; now += gapMs) {
      const piece = sent(session, now);
      if (typeof piece === 'string') break;
      told.push(...piece.entries);
      session.answered('go', now);
    }
    const [first, ...lines] = told;
    expect(first).toEqual({ leftOut: written - waitingLinesMax });
    expect(lines[0]).toEqual(line(String(written - waitingLinesMax)));
    expect(lines.at(-1)).toEqual(line(String(written - 1)));
    expect(lines).toHaveLength(waitingLinesMax);
  });

  it('fit a frame, whatever they are', () => {
    const signer = signerFromSeed(createSeed());
    const text = fc.string({ unit: 'binary', maxLength: logLineMax });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), (texts) => {
        const session = start();
        for (const each of texts) session.add(line(each.slice(0, logLineMax).toWellFormed()));
        const piece = sent(session, 0) as Piece;
        expect(piece.entries.length).toBeGreaterThan(0);
        const device = '4f6e1c8e-2f5a-4d6b-9b0c-1a2b3c4d5e6f';
        const bytes = packLogPiece({ device, session: 'a'.repeat(32), ...piece }, signer);
        expect(bytes.byteLength).toBeLessThanOrEqual(frameBytesMax);
      }),
      { numRuns: 50 },
    );
  });
});

describe('lines that are read twice', () => {
  const read = (at: number, text: string) => ({ at, stream: 'stdout', text });

  it('are told once, and one that is there twice stays twice', () => {
    const overlap = createOverlap();
    overlap.read([read(1, 'a'), read(2, 'tick'), read(2, 'tick')]);
    const followed = [
      read(2, 'tick'),
      read(2, 'tick'),
      read(2, 'tick'),
      read(3, 'a'),
      read(1, 'b'),
    ];
    expect(followed.map(overlap.isNew)).toEqual([false, false, true, true, true]);
  });
});
