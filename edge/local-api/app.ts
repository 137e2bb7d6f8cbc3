/**
 * The technician's API on this device: open to read on the LAN, sign-in by code to change. It asks
 * the view for readings and the reconciler to look again; it decides nothing.
 */
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { grantTokenLengthMax } from '@signalbeam/sync/wire/grant-token';
import { describeIssues } from '@signalbeam/sync/wire/shape';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { z } from 'zod';
import { takeConsoleCode } from './console-code.ts';
import { checkHost, problem, secureHeaders, signInNeeded, wrongMethod } from './guard.ts';
import { addHold } from './hold.ts';
import { createLogs } from './logs.ts';
import { servePages } from './pages.ts';
import { createSessions, type Sessions, type SignedIn } from './sessions.ts';
import { createStreams } from './stream.ts';
import type { AgentView } from './view.ts';

export type LocalApiParts = {
  view: AgentView;
  folder: string;
  consoleDir: string | undefined;
  hosts: readonly string[];
  now: () => number;
  addressOf: (context: Context) => string;
};

const cookie = 'sb_local';
/** The longest grant and a little. */
const bodyBytesMax = 4_096;
const whole = (min: number, max: number, standard: number) =>
  z.coerce.number().int().min(min).max(max).default(standard);
const codeSchema = z.strictObject({ code: z.string().min(8).max(16) });
const grantSchema = z.strictObject({ grant: z.string().min(8).max(grantTokenLengthMax) });
const signInSchema = z.union([codeSchema, grantSchema]);

export const openLocalApi = (parts: Omit<LocalApiParts, 'addressOf'>): RequestListener => {
  const addressOf = (context: Context) => getConnInfo(context).remote.address ?? '';
  return getRequestListener(createLocalApi({ ...parts, addressOf }).fetch);
};

export const createLocalApi = (parts: LocalApiParts): Hono => {
  const app = new Hono();
  app.use(secureHeaders, checkHost(parts.hosts));
  app.use(
    '/api/*',
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (c) => problem(c, 413, 'too-large', `More than ${bodyBytesMax} bytes.`),
    }),
  );
  app.use('/api/*', async (context, next) => {
    await next();
    context.res.headers.set('cache-control', 'no-store');
  });
  app.use('/api/*', methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }));
  addReadings(app, parts);
  const isRevoked = (grantId: string) => parts.view.attached()?.grants.isRevoked(grantId) ?? false;
  const sessions = createSessions(parts.now, isRevoked);
  addSession(app, parts, sessions);
  addHold(app, parts, (context) => isSignedIn(sessions, context));
  app.all('/api/*', (context) => problem(context, 404, 'not-found', 'There is no such path.'));
  app.notFound(servePages(parts.consoleDir));
  app.onError((_, context) =>
    problem(
      context,
      503,
      'unavailable',
      'That could not be read just now.',
      'Try again in a moment.',
    ),
  );
  return app;
};

const addReadings = (app: Hono, { view, now }: LocalApiParts): void => {
  const streams = createStreams(view);
  const logs = createLogs({
    containers: () => view.attached()?.reconciler.containers() ?? [],
    bundleIdOf: (name) =>
      view
        .attached()
        ?.reconciler.reported()
        ?.slots.find(({ bundleName }) => bundleName === name)?.bundleId,
    engine: () => view.attached()?.engines.current() ?? null,
  });
  app.get('/api/local/device', (context) => context.json(view.device()));
  app.get('/api/local/link', (context) => context.json(view.link()));
  app.get('/api/local/containers', (context) => context.json(view.containers()));
  app.get('/api/local/metrics', (context) => {
    const query = z.strictObject({ minutes: whole(1, 360, 60) }).safeParse(context.req.query());
    if (!query.success)
      return problem(context, 400, 'invalid-query', describeIssues(query.error.issues));
    return context.json({ series: view.metrics.since(now() - query.data.minutes * 60_000) });
  });
  app.get('/api/local/events', (context) => {
    const query = z.strictObject({ limit: whole(1, 200, 50) }).safeParse(context.req.query());
    if (!query.success)
      return problem(context, 400, 'invalid-query', describeIssues(query.error.issues));
    return context.json({ events: view.outbox.recentEvents(query.data.limit) });
  });
  app.get('/api/local/containers/:name/logs', (context) =>
    logs.read(context, context.req.param('name')),
  );
  app.get('/api/local/containers/:name/logs/stream', (context) =>
    logs.follow(context, context.req.param('name')),
  );
  app.get('/api/local/stream', (context) =>
    streams.full()
      ? problem(
          context,
          503,
          'too-many-streams',
          'Too many pages watch this device.',
          'Close one of them.',
        )
      : streams.serve(context),
  );
};

const tellOf = (view: AgentView, message: string): void =>
  view.outbox.appendEvent({
    ...{ type: 'operator-action', severity: 'info' },
    ...{ message: message.slice(0, 500), data: {} },
  });

type Admitted =
  | { kind: 'admitted'; by: SignedIn }
  | { kind: 'refused'; code: string; reason: string; next: string };

const admit = (
  shown: z.infer<typeof signInSchema>,
  { view, folder, now }: Pick<LocalApiParts, 'view' | 'folder' | 'now'>,
): Admitted => {
  if ('code' in shown) {
    if (takeConsoleCode(folder, shown.code, now())) return { kind: 'admitted', by: null };
    return {
      ...{ kind: 'refused', code: 'wrong-code', reason: 'That code is wrong, used or too old.' },
      next: 'Run signalbeam-agent console-code on the device for a new one.',
    };
  }
  const judged = view.attached()?.grants.judge(shown.grant);
  if (judged?.kind === 'granted') return { kind: 'admitted', by: judged.holder };
  const refusedWhy = judged ?? {
    ...{
      code: 'not-approved',
      reason: 'This device is not approved yet, so it can judge no grant.',
    },
  };
  return {
    ...{ kind: 'refused', code: refusedWhy.code, reason: refusedWhy.reason },
    next: 'Ask the operator for a grant of this site, or use a code from the device.',
  };
};

const isSignedIn = (sessions: Sessions, context: Context): boolean =>
  sessions.expiry(getCookie(context, cookie)) !== null;

const addSession = (
  app: Hono,
  { view, folder, now, addressOf }: LocalApiParts,
  sessions: Sessions,
): void => {
  app.get('/api/local/session', (context) => {
    const token = getCookie(context, cookie);
    const expiresAt = sessions.expiry(token);
    const name = expiresAt === null ? null : sessions.holder(token);
    return context.json({ signedIn: expiresAt !== null, expiresAt, name });
  });
  app.post('/api/local/session', async (context) => {
    const body = signInSchema.safeParse(await context.req.json().catch(() => null));
    if (!body.success)
      return problem(context, 400, 'invalid-body', describeIssues(body.error.issues));
    if (!sessions.mayTry(addressOf(context))) {
      return problem(
        context,
        429,
        'too-many-tries',
        'Too many wrong codes.',
        'Wait a minute, then try again.',
      );
    }
    const admitted = admit(body.data, { view, folder, now });
    if (admitted.kind === 'refused')
      return problem(context, 401, admitted.code, admitted.reason, admitted.next);
    const { token, expiresAt } = sessions.open(admitted.by);
    if (admitted.by !== null) tellOf(view, `${admitted.by.name} signed in by a grant.`);
    setCookie(context, cookie, token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      expires: new Date(expiresAt),
    });
    return context.json({ signedIn: true, expiresAt, name: admitted.by?.name ?? null });
  });
  app.delete('/api/local/session', (context) => {
    const token = getCookie(context, cookie);
    if (token !== undefined) sessions.close(token);
    deleteCookie(context, cookie, { path: '/' });
    return context.body(null, 204);
  });
  app.post('/api/local/reconcile', (context) => {
    if (!isSignedIn(sessions, context)) return signInNeeded(context);
    const { reconciler } = view.attached() ?? {};
    if (reconciler === undefined)
      return problem(context, 409, 'not-approved', 'This device is not approved yet.');
    reconciler.nudge('a technician asked');
    const name = sessions.holder(getCookie(context, cookie));
    tellOf(view, `${name ?? 'A technician'} asked the device to reconcile now.`);
    return context.json({ accepted: true }, 202);
  });
};
