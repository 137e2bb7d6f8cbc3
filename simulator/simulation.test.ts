/**
 * The simulation as a test: the corpus, fresh seeds for a few seconds, the same seed twice, and some
 * planted bugs. With SIGNALBEAM_FULL=1: thousands of seeds, whole weeks, every planted bug.
 */
import { expect, test } from 'vitest';
import { coveringSeeds, everyKind, failuresOf, full, patience, run } from './batch.suite.ts';
import { bugs } from './bugs/catalogue.ts';
import { rolloutBugs } from './bugs/rollout-bugs.ts';
import { siteBugs } from './bugs/site-bugs.ts';
import { unmet } from './checks/sometimes.ts';
import { corpus } from './corpus.ts';
import { hasMesh, hasRollouts } from './run/seed.ts';
import { tellFigures } from './run/tell.ts';

const day = 86_400_000;

test(
  'what once was found stays found',
  async () => {
    const result = await run({ only: corpus });
    expect(failuresOf(result)).toEqual([]);
    expect(result.seeds).toBe(corpus.length);
  },
  patience,
);

test(
  'fresh seeds find nothing',
  async () => {
    const from = Math.floor(Date.now() / 1_000) % 1_000_000_000;
    const result = await run({
      from,
      to: full ? from + 4_999 : null,
      budgetMs: full ? null : 4_000,
    });
    console.log(`seeds from ${from}: ${tellFigures(result)}`);
    expect(failuresOf(result)).toEqual([]);
    expect(result.seeds).toBeGreaterThan(0);
    if (result.seeds >= 2 * coveringSeeds) expect(unmet(result.sometimes, everyKind)).toEqual([]);
  },
  patience,
);

test(
  'a seed run twice happens in the same way, to the last event',
  async () => {
    const once = await run({ from: 3, to: 6, eventsMin: 8_000 });
    const again = await run({ from: 3, to: 6, eventsMin: 8_000 });
    expect(once.hashes).toEqual(again.hashes);
    expect(Object.keys(once.hashes)).toHaveLength(4);
  },
  patience,
);

/** One of each: without a mesh, with rollouts, with windows and joiners, with a mesh. */
const weeks = [1, 5, 61, 2].map((seed) => ({ seed, faults: null }));

test.each(full ? weeks : [])(
  'a whole week passes (seed $seed)',
  async (seed) => {
    const result = await run({ only: [seed], daysMin: 7 });
    console.log(`a week of seed ${seed.seed}: ${tellFigures(result)}`);
    expect(failuresOf(result)).toEqual([]);
    expect(result.virtualMs).toBeGreaterThanOrEqual(7 * day);
  },
  patience,
);

test(
  'longer histories find nothing',
  async () => {
    const result = await run({ from: 1, to: full ? 10 : 1, eventsMin: full ? 1_500_000 : 40_000 });
    console.log(`longer histories: ${tellFigures(result)}`);
    expect(failuresOf(result)).toEqual([]);
  },
  patience,
);

const quick = [
  'delete-on-puback',
  'trust-unsigned-relay',
  'ack-before-commit',
  'skip-version-check',
  'deaf-anti-entropy',
  'silence-passes',
  'groups-forgotten',
];
/** Bugs of the mesh and of rollouts show only where there is such a thing. */
const seedsFor = (bug: string) => {
  const enough = full ? 400 : bug in siteBugs ? 80 : 40;
  const suits = (seed: number): boolean =>
    (!(bug in siteBugs) || hasMesh(seed)) && (!(bug in rolloutBugs) || hasRollouts(seed));
  return Array.from({ length: enough * 8 }, (_, index) => ({ seed: index + 1, faults: null }))
    .filter(({ seed }) => suits(seed))
    .slice(0, enough);
};
const sought = Object.keys(bugs).filter((name) => full || quick.includes(name));

test.each(sought)(
  'the planted bug %s is found',
  async (bug) => {
    const result = await run({ only: seedsFor(bug), bug, stopAtFailure: true });
    expect(result.failures.length).toBeGreaterThan(0);
  },
  patience,
);
