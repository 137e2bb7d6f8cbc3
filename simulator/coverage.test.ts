/**
 * Of two fixed ranges of seeds: every fault strikes, and everything that a run can come to is met, so
 * that what the checks look at is there to be looked at. Minutes long: `test --full` only.
 */
import { expect, test } from 'vitest';
import { coveringSeeds, everyKind, failuresOf, patience, run } from './batch.suite.ts';
import { outcomes, siteRecords, siteStates, unmet } from './checks/sometimes.ts';
import { siteFaults } from './plan/kinds.ts';
import { hasMesh } from './run/seed.ts';
import { tellFigures } from './run/tell.ts';

const covering = Array.from({ length: coveringSeeds * 2 }, (_, index) => ({
  seed: index + 1,
  faults: null,
}))
  .filter(({ seed }) => !hasMesh(seed))
  .slice(0, coveringSeeds);
/** A fault that comes seldom and a phase that is over in a moment: by itself the one is made to wait for the other. */
const rare = [1, 15, 19, 20, 21].map((seed) => ({ seed, faults: ['ingest-away'] as const }));
/** So few bring each fault, state and record of a mesh at least once. */
const meshes = [2, 6, 10, 14, 18, 22, 26, 30, 46, 66, 74, 146, 158, 182].map((seed) => ({
  seed,
  faults: null,
}));

test(
  'every fault meets every state',
  async () => {
    const result = await run({ only: [...covering, ...rare] });
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
