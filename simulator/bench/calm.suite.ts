/** Waits for the cloud to be done with what a new fleet gave it to do, so that nothing else is measured with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchCloud, cpuMsOf } from './cloud.suite.ts';

const calmTimeoutMs = 600_000;
/** Of a core: below it the cloud has finished what new devices gave it to do. */
const calmShare = 0.03;

/** New devices mean new rosters and site keys: another cost, which must not be counted here. */
export const untilCalm = async (cloud: BenchCloud, calmMs: number): Promise<number> => {
  const until = performance.now() + calmTimeoutMs;
  for (;;) {
    const before = cpuMsOf(cloud.cloudPid);
    const from = performance.now();
    await sleep(calmMs);
    const share = (cpuMsOf(cloud.cloudPid) - before) / (performance.now() - from);
    if (share < calmShare) return share;
    if (performance.now() > until) throw new Error('the cloud does not come to rest');
  }
};
