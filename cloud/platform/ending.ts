/** How a process of the cloud ends: with words when it can't go on, in order when it is told to. */
import { FleetError } from '@signalbeam/sync/core/errors';

const stopMsMax = 20_000;

const explain = (error: unknown): string =>
  error instanceof FleetError
    ? [`${error.message} (${error.code})`, error.next].filter(Boolean).join('\n')
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);

/** Prints why a process can't go on, and ends it. */
export const failWith = (error: unknown): never => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
};

/** Stops once on SIGTERM or SIGINT, then exits; what takes too long is left behind. */
export const stopOnSignal = (stop: () => Promise<void>, drainMs = 0): void => {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), stopMsMax + drainMs).unref();
    stop().then(() => process.exit(0), failWith);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
};
