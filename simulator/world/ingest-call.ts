/**
 * A replica's calls to devices whose greetings were not answered. A model of the shell in the processor's
 * `ingest/call.ts`, with the same decisions: who to call is asked of Postgres, so nobody is called before
 * it is there.
 */
import {
  callBegun,
  callFailed,
  callMade,
  callWanted,
  planCalls,
  startCalls,
  withinMsFor,
} from '@signalbeam/telemetry-processor/core/call';
import type { IngestParts } from './ingest.ts';

/** Until Postgres says who there is to call. */
const askingMs = 5;

/** Gives what says that there is cause. */
export const startCalling = (
  { kernel, postgres, devices, callSite }: IngestParts,
  alive: () => boolean,
): (() => void) => {
  let known = startCalls();
  let cancel = (): void => undefined;
  const run = (): void => {
    cancel();
    if (!alive()) return;
    const { steps, wakeAt } = planCalls(known, kernel.now());
    if (wakeAt !== null) cancel = kernel.after(wakeAt - kernel.now(), run);
    if (steps.length === 0) return;
    known = callBegun(known);
    kernel.later(askingMs, () => {
      if (!alive()) return;
      if (postgres.down) known = callFailed(known, kernel.now());
      else {
        callSite(withinMsFor(devices.size));
        known = callMade(known, kernel.now());
      }
      run();
    });
  };
  return (): void => {
    known = callWanted(known);
    run();
  };
};
