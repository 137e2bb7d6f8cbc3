/** An engine's event in our words. Docker says `destroy` and `die` where Podman says `remove` and `died`. */
import { z } from 'zod';
import type { ContainerAction, ContainerEvent } from './engine.ts';

export const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string() }),
  timeNano: z.number(),
});

const actions: Readonly<Record<string, ContainerAction>> = {
  create: 'create',
  start: 'start',
  die: 'die',
  died: 'die',
  oom: 'oom',
  destroy: 'remove',
  remove: 'remove',
};

export const toEvent = (event: z.infer<typeof eventSchema>): ContainerEvent => ({
  containerId: event.Actor.ID,
  action: actions[event.Action] ?? 'other',
  at: Math.floor(event.timeNano / 1e6),
});
