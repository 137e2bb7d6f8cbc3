/**
 * Makes a failing seed's list of faults as short as it can: leaves out one after the other as long as
 * the same invariant still fails. Faults have streams of chance of their own, so the rest stays put.
 */
import type { FaultKind } from '../plan/kinds.ts';
import { runSeed, type SeedOptions, type SeedResult } from './seed.ts';

export const shrink = async (failed: SeedResult, options: SeedOptions): Promise<SeedResult> => {
  let best = failed;
  const without = (fault: FaultKind): FaultKind[] => best.faults.filter((each) => each !== fault);
  for (const fault of failed.faults) {
    const tried = await runSeed({ ...options, faults: without(fault) });
    if (tried.violation?.invariant === failed.violation?.invariant) best = tried;
  }
  return best;
};
