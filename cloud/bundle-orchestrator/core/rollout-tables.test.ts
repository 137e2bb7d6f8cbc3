/** The tables in docs/rollouts.md are what the code does, and every transition is told of. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isOver, rolloutStatuses, rowStatuses } from './rollout.ts';
import { withTables } from './rollout-tables.ts';
import { newsOfStep, newsOfVerb, outcomeOf, rolloutVerbs, rowAfter } from './verbs.ts';

it('are those that the code makes: `./signalbeam generate` writes them', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/rollouts.md'), 'utf8');
  expect(page).toBe(withTables(page));
  expect(() => withTables('')).toThrow('no place');
});

describe('a verb', () => {
  const every = rolloutVerbs.flatMap((verb) =>
    rolloutStatuses.map((status) => ({ verb, status, outcome: outcomeOf(verb, status) })),
  );

  it('that leads somewhere is told of under a type of its own', () => {
    for (const { verb, outcome } of every) {
      if (outcome.kind !== 'refused') expect(newsOfVerb[verb]).not.toBe('progressed');
    }
    expect(new Set(Object.values(newsOfVerb)).size).toBe(rolloutVerbs.length);
  });

  it('is refused with a reason, or leads where the same verb does no more', () => {
    for (const { verb, status, outcome } of every) {
      if (outcome.kind === 'refused') expect(outcome.why).toMatch(/\.$/);
      if (outcome.kind !== 'to' || outcome.status === status) continue;
      // Asked twice: it stays, it is refused, or it stays where it led.
      const again = outcomeOf(verb, outcome.status);
      expect(again.kind === 'to' ? again.status : outcome.status).toBe(outcome.status);
    }
  });

  it('does nothing more to a row when it is asked twice, and takes none out of its end but by retry or going back', () => {
    for (const verb of rolloutVerbs) {
      for (const row of rowStatuses) {
        const once = rowAfter(verb, row);
        if (verb !== 'rollback' && verb !== 'cancel') expect(rowAfter(verb, once)).toBe(once);
        const isEnd = ['succeeded', 'failed', 'cancelled', 'rolled-back'].includes(row);
        if (isEnd && once !== row) expect(['retry', 'rollback']).toContain(verb);
      }
    }
  });

  it('never begins one again that is over, but to retry or to go back', () => {
    for (const { verb, status, outcome } of every) {
      if (isOver(status) && outcome.kind === 'to') expect(['retry', 'rollback']).toContain(verb);
    }
  });
});

it('tells of every step that changes a rollout or a wave', () => {
  const silent = Object.entries(newsOfStep).filter(([, news]) => news === null);
  expect(silent.map(([step]) => step)).toEqual(['good-since']);
});
