/** An engine's event in our words. Docker says `destroy` and `die` where Podman says `remove` and `died`. */
import { z } from 'zod';
import { labels } from '../core/container.ts';
import type { ContainerAction, ContainerEvent } from './engine.ts';

export const eventSchema = z.object({
  Action: z.string(),
  /** Labels and the engine's own facts side by side: `image`, `name`, `exitCode`. */
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
  timeNano: z.number(),
});

const labelNames: ReadonlySet<string> = new Set(Object.values(labels));

const actions: Readonly<Record<string, ContainerAction>> = {
  create: 'create',
  start: 'start',
  die: 'die',
  died: 'die',
  oom: 'oom',
  destroy: 'remove',
  remove: 'remove',
};

export const toEvent = (event: z.infer<typeof eventSchema>): ContainerEvent => {
  const { ID, Attributes } = event.Actor;
  const facts = Attributes ?? {};
  const action = actions[event.Action] ?? 'other';
  const exitCode = Number(facts['exitCode'] ?? facts['containerExitCode'] ?? Number.NaN);
  return {
    containerId: ID,
    action,
    at: Math.floor(event.timeNano / 1e6),
    labels: Object.fromEntries(Object.entries(facts).filter(([name]) => labelNames.has(name))),
    exitCode: action === 'die' && Number.isInteger(exitCode) ? exitCode : null,
  };
};
