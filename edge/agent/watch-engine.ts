/**
 * Listens to the engine so that a container that goes is looked at within a second, and tells of
 * deaths that this agent did not cause. Events are a hint: what happened before the stream was open
 * is found by a look once it is, and the regular look finds all the rest.
 */
import type { ContainerEvent, Engine } from '../containers/engine.ts';
import { labels } from '../core/container.ts';
import { systemTimers } from '../host/timers.ts';
import type { ReconcilerParts } from './parts.ts';

const retryMs = 5_000;
/** An engine opens its stream a moment before it listens for what to send. */
const deafMs = 1_000;
/**
 * A death is often the first half of a removal, or the engine restarts the container itself: whoever
 * starts it in between races both (Podman 4 then leaves a process behind that holds the ports).
 */
const settleMs = 300;

export type EngineWatch = {
  /** The engine may have come or gone: do not wait for the next attempt. */
  wake(): void;
  stop(): void;
};

export const watchEngine = (
  parts: ReconcilerParts,
  stopping: Set<string>,
  looks: { soon(): void; removed(): void },
): EngineWatch => {
  const controller = new AbortController();
  const { signal } = controller;
  const { timers = systemTimers } = parts;
  let settling = false;
  let wake = (): void => undefined;

  const settle = (): void => {
    if (settling) return;
    settling = true;
    timers.after(settleMs, () => {
      settling = false;
      if (!signal.aborted) looks.soon();
    });
  };

  const died = ({ containerId, labels: of, exitCode }: ContainerEvent): void => {
    const id = containerId.slice(0, 12);
    const name = of[labels.container];
    const slot = parts.journal.slots().find(({ bundleId }) => bundleId === of[labels.bundle]);
    const owner = slot === undefined ? '' : ` of ${slot.bundleName}`;
    const ended = exitCode === null ? '' : ` with exit code ${exitCode}`;
    parts.outbox.appendEvent({
      type: 'container-died',
      severity: 'warning',
      message: `Container ${name ?? id}${owner} stopped running${ended}.`,
      data: { container: name ?? id, id, exitCode },
    });
  };

  const heard = (event: ContainerEvent): void => {
    const { action, containerId } = event;
    if (action === 'die' && !stopping.delete(containerId)) died(event);
    if (action === 'remove') {
      stopping.delete(containerId);
      looks.removed();
    } else {
      settle();
    }
  };

  const opened = (): void => {
    looks.soon();
    timers.after(deafMs, () => {
      if (!signal.aborted) looks.soon();
    });
  };

  const follow = async (engine: Engine): Promise<void> => {
    for await (const event of engine.events(parts.identity.deviceId, signal, opened)) heard(event);
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = timers.after(retryMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const engine = parts.engines.current();
      if (engine !== null) {
        await follow(engine).catch((error) => {
          if (!signal.aborted) parts.log('warn', 'Engine events ended', { cause: String(error) });
        });
        looks.soon();
        if (signal.aborted) return;
      }
      await pause();
    }
  };

  void run();
  return {
    wake: () => wake(),
    stop: () => {
      controller.abort();
      wake();
    },
  };
};
