/**
 * The simulation as a test: the corpus, fresh seeds for a few seconds, the same seed twice, and some
 * planted bugs. With SIGNALBEAM_FULL=1: thousands of seeds, whole weeks, every planted bug.
 */
import { expect, test } from 'vitest';
import { bugs } from './bugs/catalogue.ts';
import { rolloutBugs } from './bugs/rollout-bugs.ts';
import { siteBugs } from './bugs/site-bugs.ts';
import { outcomes, siteRecords, siteStates, unmet } from './checks/sometimes.ts';
import { corpus } from './corpus.ts';
import { faultKinds, isRolloutFault, isSiteFault, siteFaults } from './plan/kinds.ts';
import { type BatchOptions, type BatchResult, runBatch } from './run/batch.ts';
import { hasMesh, hasRollouts } from './run/seed.ts';
import { commandOf, tellFigures } from './run/tell.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';
/** A machine that is busy otherwise is slow; a hang is what this is for. */
const patience = full ? 3_600_000 : 600_000;

/** So many seeds without a mesh bring every fault of theirs together with every state, with some to spare. */
const coveringSeeds = 90;
const covering = Array.from({ length: coveringSeeds * 2 }, (_, index) => ({
  seed: index + 1,
  faults: null,
}))
  .filter(({ seed }) => !hasMesh(seed))
  .slice(0, coveringSeeds);
const everyKind = faultKinds.filter((kind) => !(isSiteFault(kind) || isRolloutFault(kind)));

/** So few bring each fault, state and record of a mesh at least once. */
const meshes = [2, 6, 10, 14, 18, 22, 26, 30, 46, 66, 74, 146, 158, 182].map((seed) => ({
  seed,
  faults: null,
}));

const run = (options: Partial<BatchOptions>): Promise<BatchResult> =>
  runBatch({
    from: 1,
    to: null,
    budgetMs: null,
    faults: null,
    bug: null,
    eventsMin: null,
    stopAtFailure: false,
    ...options,
  });

const failuresOf = ({ failures }: BatchResult): string[] =>
  failures.map(
    (each) => `${each.violation?.invariant}: ${each.violation?.text}: ${commandOf(each, null)}`,
  );

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
  'every fault meets every state',
  async () => {
    const result = await run({ only: covering });
    console.log(`a fixed range: ${tellFigures(result)}`);
    expect(failuresOf(result)).toEqual([]);
    expect(unmet(result.sometimes, everyKind)).toEqual([]);
    const ofRollouts = ['orchestrator-killed', ...outcomes];
    expect(ofRollouts.filter((what) => !result.sometimes[what])).toEqual([]);
  },
  patience,
);

test(
  'every fault of a mesh strikes, every state of it is met, every kind of record is merged',
  async () => {
    const result = await run({ only: meshes, eventsMin: 15_000 });
    console.log(`a fixed range with a mesh: ${tellFigures(result)}`);
    expect(failuresOf(result)).toEqual([]);
    expect(siteFaults.filter((kind) => !result.sometimes[kind])).toEqual([]);
    const met = Object.keys(result.sometimes);
    expect(siteStates.filter((state) => !met.some((key) => key.endsWith(` × ${state}`)))).toEqual(
      [],
    );
    expect(siteRecords.filter((kind) => !result.sometimes[`record ${kind}`])).toEqual([]);
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

test(
  'whole weeks pass',
  async () => {
    const result = await run({ from: 1, to: full ? 10 : 1, eventsMin: full ? 1_500_000 : 40_000 });
    console.log(`weeks: ${tellFigures(result)}`);
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
