/**
 * The technician's hold over the local API: placed, prolonged and ended by whoever is signed in. The
 * reconciler looks at once, so that the page says what became of it.
 */
import { describeIssues } from '@signalbeam/sync/wire/shape';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { holdMinutes } from '../core/hold.ts';
import { endHold, holdForMinutes, holdReason, placeHold } from '../store/hold.ts';
import { problem, signInNeeded } from './guard.ts';
import type { AgentView } from './view.ts';

const bodySchema = z.strictObject({
  minutes: holdForMinutes.default(holdMinutes.standard),
  reason: holdReason,
});

export const addHold = (
  app: Hono,
  parts: { view: AgentView; folder: string; now: () => number },
  isSignedIn: (context: Context) => boolean,
): void => {
  const { view, folder, now } = parts;
  const notApproved = (context: Context) =>
    problem(context, 409, 'not-approved', 'This device is not approved yet.');
  app.put('/api/local/hold', async (context) => {
    if (!isSignedIn(context)) return signInNeeded(context);
    const body = bodySchema.safeParse(await context.req.json().catch(() => null));
    if (!body.success)
      return problem(context, 400, 'invalid-body', describeIssues(body.error.issues));
    const { reconciler } = view.attached() ?? {};
    if (reconciler === undefined) return notApproved(context);
    const hold = placeHold(folder, { ...body.data, by: 'console' }, now());
    reconciler.nudge('a technician holds this device');
    return context.json({ hold });
  });
  app.delete('/api/local/hold', (context) => {
    if (!isSignedIn(context)) return signInNeeded(context);
    endHold(folder, now());
    view.attached()?.reconciler.nudge('the hold ended');
    return context.body(null, 204);
  });
};
