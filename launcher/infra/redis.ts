/**
 * Debian's redis-server on loopback, in memory only: what tests of the Valkey adapter talk to.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../machine/commands.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { answersTcp, freePort } from './ports.ts';

export type Redis = {
  url: string;
  port: number;
  exited: Child['exited'];
  stop: () => Promise<void>;
};

export const startRedis = async (options: { dir: string; port?: number }): Promise<Redis> => {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const child = startChild({
    name: 'redis-server',
    command: findCommand('redis-server'),
    args: [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', options.dir],
      ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ],
    logFile: join(options.dir, 'redis.log'),
  });
  await waitUntilReady(child, () => answersTcp(port), 15_000);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    exited: child.exited,
    stop: () => child.stop({ graceMs: 5_000 }),
  };
};
