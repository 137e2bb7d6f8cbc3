/** One process that runs seeds as it is told, one at a time. A crash of simulated code is a finding. */
import { bugs } from '../bugs/catalogue.ts';
import { rememberSignatures } from '../world/remembered-signatures.ts';
import type { Job } from './batch.ts';
import { runSeed, type SeedResult } from './seed.ts';
import { survive } from './survive.ts';

survive();
rememberSignatures();
// Ctrl-C reaches every process of the run: who gave the seed says when to end.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

process.on('message', (message) => {
  const { seed, faults, bug, eventsMin, daysMin } = message as Job;
  void runSeed({
    seed,
    faults,
    bug: bug === null ? {} : (bugs[bug] ?? {}),
    ...(eventsMin === null ? {} : { eventsMin }),
    ...(daysMin === null ? {} : { daysMin }),
  }).then((result: SeedResult) => process.send?.({ ...result, trace: [] }));
});
