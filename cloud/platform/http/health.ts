/**
 * `/healthz` says that the process answers; `/readyz` that it can serve, naming what can't be
 * reached. Checks have a deadline: a hanging database must show as not ready, not as silence.
 */
import type { Hono } from 'hono';

export type Checks = Record<string, () => Promise<void>>;

const deadlineMs = 2_000;

const outcome = async (check: () => Promise<void>): Promise<'ok' | 'failing'> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'failing'>((resolve) => {
    timer = setTimeout(() => resolve('failing'), deadlineMs);
  });
  const result = check().then(
    () => 'ok' as const,
    () => 'failing' as const,
  );
  return Promise.race([result, late]).finally(() => clearTimeout(timer));
};

export const addHealth = (
  app: Pick<Hono, 'get'>,
  options: {
    checks: Checks;
    /** What keeps nobody from serving and is worth knowing. */
    details?: () => Readonly<Record<string, string>>;
    isDraining: () => boolean;
  },
): void => {
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', async (c) => {
    const entries = await Promise.all(
      Object.entries(options.checks).map(
        async ([name, check]) => [name, await outcome(check)] as const,
      ),
    );
    const checks = Object.fromEntries(entries);
    const draining = options.isDraining();
    const ready = !draining && entries.every(([, result]) => result === 'ok');
    const status = draining ? 'stopping' : ready ? 'ready' : 'not-ready';
    const details = options.details?.() ?? {};
    const more = Object.keys(details).length === 0 ? {} : { details };
    return c.json({ status, checks, ...more }, ready ? 200 : 503);
  });
};
