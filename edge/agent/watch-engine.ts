/**
 * Listens to the engine so that a container that dies is looked at in milliseconds, and tells of
 * deaths that this agent did not cause. Events are a hint: the regular look finds the same.
 */
import type { Engine } from '../containers/engine.ts';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { ReconcilerParts } from './parts.ts';

const retryMs = 5_000;

const pause = (timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      cancel();
      resolve();
    };
    const cancel = timers.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop);
  });

export const watchEngine = (
  parts: ReconcilerParts,
  stopping: Set<string>,
  look: () => void,
): { stop(): void } => {
  const controller = new AbortController();
  const { signal } = controller;
  const { timers = systemTimers } = parts;

  const follow = async (engine: Engine): Promise<void> => {
    for await (const event of engine.events(parts.identity.deviceId, signal)) {
      if (event.action === 'die' && !stopping.delete(event.containerId)) {
        parts.outbox.appendEvent({
          type: 'container-died',
          severity: 'warning',
          message: `Container ${event.containerId.slice(0, 12)} stopped running.`,
          data: { container: event.containerId.slice(0, 12) },
        });
      }
      look();
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const engine = parts.engines.current();
      if (engine !== null) {
        await follow(engine).catch((error) => {
          if (!signal.aborted) parts.log('warn', 'Engine events ended', { cause: String(error) });
        });
        look();
      }
      await pause(timers, retryMs, signal);
    }
  };

  void run();
  return { stop: () => controller.abort() };
};
