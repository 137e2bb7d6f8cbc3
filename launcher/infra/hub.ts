/**
 * Runs the hub's nats-server on a configuration that `@signalbeam/platform/nats/hub-config` made.
 * Ready means that its monitoring endpoint answers, or its client port when it has none.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../machine/commands.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { answersTcp } from './ports.ts';

export type Hub = {
  pid: number;
  configFile: string;
  logFile: string;
  exited: Child['exited'];
  /** Lame duck is for clusters; SIGTERM flushes JetStream and leaves. */
  stop: () => Promise<void>;
  /** As a crash would: nothing is flushed. */
  kill: () => Promise<void>;
};

export type HubOptions = {
  dir: string;
  config: string;
  /** The client port that the configuration names. */
  port: number;
  monitorPort?: number;
  logFile?: string;
};

const isHealthy = async (monitorPort: number): Promise<boolean> => {
  try {
    const response = await fetch(`http://127.0.0.1:${monitorPort}/healthz`, {
      signal: AbortSignal.timeout(2_000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

export const startHub = async (options: HubOptions): Promise<Hub> => {
  mkdirSync(options.dir, { recursive: true });
  const configFile = join(options.dir, 'hub.conf');
  writeFileSync(configFile, options.config, { mode: 0o600 });
  const child = startChild({
    name: 'nats-server (hub)',
    command: findCommand('nats-server'),
    args: ['--config', configFile],
    logFile: options.logFile ?? join(options.dir, 'hub.log'),
  });
  const { port, monitorPort } = options;
  const answers = () => (monitorPort === undefined ? answersTcp(port) : isHealthy(monitorPort));
  await waitUntilReady(child, answers, 30_000);
  return {
    pid: child.pid,
    configFile,
    logFile: child.logFile,
    exited: child.exited,
    stop: () => child.stop(),
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
};
