/**
 * The site's leaf node: a nats-server that this agent starts, watches and starts again. It routes
 * and holds no truth. Whom it lets in follows the roster within a second, without a restart. One that a killed agent left behind is stopped first: two would dial the hub
 * with one name. Health comes from its monitoring endpoint on loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import { ensurePrivateFolder, writePrivateFile } from '../store/files.ts';
import {
  assertSafeListen,
  credentialsFile,
  type LeafListen,
  type LeafMember,
  type LeafPaths,
  leafConfig,
} from './leaf-config.ts';
import { askLeaf } from './leaf-health.ts';
import { stopOrphan } from './leaf-orphan.ts';
import type { Log } from './up.ts';

export type LeafParts = {
  folder: string;
  enrolment: Omit<Enrolment, 'records'>;
  /** Who belongs to the site now. */
  members: () => readonly LeafMember[];
  seed: string;
  listen: LeafListen;
  command: string;
  now: () => number;
  random: () => number;
  log: Log;
  /** When it is known that the link to the hub came or went. */
  onHub: (connected: boolean) => void;
};

export type LeafState = {
  running: boolean;
  hubConnected: boolean;
  /** It was linked once, or had long enough to be: until then, not being linked says little. */
  settled: boolean;
  since: number;
  restarts: number;
};
export type Leaf = {
  url: string;
  port: number;
  state(): LeafState;
  restart(): Promise<void>;
  /** The members changed: who is none any more is cut off. */
  membersChanged(): void;
  stop(): Promise<void>;
};

const backoffMs = { first: 500, max: 30_000 };
/** A server that ran this long was well: the next failure starts from the shortest wait. */
const settledMs = 60_000;
const stopGraceMs = 3_000;
const lookMs = { linked: 5_000, cut: 2_000, silent: 1_000 };
/** While it starts: the site may be waiting for it. */
const lookFirstMs = 200;
/** A leaf that is silent this often in a row is stuck: 2 s each, so it is found within 15 s. */
const silencesMax = 3;
/** A leaf that is not linked after so long has no uplink. */
const joinMs = 8_000;

export const startLeaf = async (parts: LeafParts): Promise<Leaf> => {
  assertSafeListen(parts.listen);
  ensurePrivateFolder(parts.folder);
  const paths = pathsIn(parts.folder);
  await stopOrphan(paths);
  const monitorPort = await freePort();
  const redialSeconds = 2 + Math.floor(parts.random() * 9);
  writePrivateFile(
    paths.credentialsFile,
    credentialsFile(parts.enrolment.nats.gatewayJwt, parts.seed),
  );
  const configure = (): string =>
    leafConfig({ ...parts, members: parts.members(), monitorPort, paths, redialSeconds });
  let configured = configure();
  writePrivateFile(paths.configFile, configured);

  const state: LeafState = {
    running: false,
    hubConnected: false,
    settled: false,
    since: parts.now(),
    restarts: 0,
  };
  const watch = watchHub(parts, state, monitorPort, () => process.restart('stuck'));
  const process = supervise(parts, state, paths, watch.soon);
  return {
    url: ownUrl(parts.listen),
    port: parts.listen.port,
    state: () => ({ ...state }),
    restart: () => process.restart('asked'),
    membersChanged: () => {
      const next = configure();
      if (next === configured) return;
      writePrivateFile(paths.configFile, next);
      configured = next;
      process.reload();
    },
    stop: async () => {
      watch.stop();
      await process.stop();
    },
  };
};

/** How this device itself reaches it. */
const ownUrl = ({ host, port, tls }: LeafListen): string => {
  const near = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${tls === null ? 'nats' : 'tls'}://${near}:${port}`;
};

const pathsIn = (folder: string): LeafPaths => ({
  configFile: join(folder, 'leaf.conf'),
  credentialsFile: join(folder, 'gateway.creds'),
  pidFile: join(folder, 'nats-server.pid'),
  logFile: join(folder, 'nats-server.log'),
});

const supervise = (parts: LeafParts, state: LeafState, paths: LeafPaths, started: () => void) => {
  let child: ChildProcess | null = null;
  let gone: Promise<void> = Promise.resolve();
  let stopping = false;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  const start = (): void => {
    const startedAt = parts.now();
    const current = spawn(parts.command, ['--config', paths.configFile], { stdio: 'ignore' });
    child = current;
    state.running = true;
    if (current.pid !== undefined)
      writeFileSync(paths.pidFile, String(current.pid), { mode: 0o600 });
    gone = new Promise<void>((resolve) => {
      current.once('error', (cause) => {
        parts.log('error', 'The leaf could not be started', {
          command: parts.command,
          reason: cause.message,
        });
        resolve();
      });
      current.once('exit', () => resolve());
    }).then(() => ended(startedAt));
    started();
  };
  const ended = (startedAt: number): void => {
    child = null;
    state.running = false;
    if (stopping) return;
    failures = parts.now() - startedAt > settledMs ? 0 : failures + 1;
    const delayMs = Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(failures, 10));
    state.restarts += 1;
    parts.log('warn', 'The leaf ended and is started again', { inMs: delayMs, log: paths.logFile });
    retry = setTimeout(start, delayMs * (0.5 + parts.random() / 2));
  };
  const end = async (how: 'asked' | 'stuck'): Promise<void> => {
    clearTimeout(retry);
    const running = child;
    running?.kill(how === 'stuck' ? 'SIGKILL' : 'SIGTERM');
    const killer = setTimeout(() => running?.kill('SIGKILL'), stopGraceMs);
    await gone;
    clearTimeout(killer);
  };
  start();
  return {
    /** One that has just been started and dies of it is started again, with the new file. */
    reload: (): void => void child?.kill('SIGHUP'),
    restart: async (how: 'asked' | 'stuck'): Promise<void> => {
      if (stopping) return;
      stopping = true;
      await end(how);
      stopping = false;
      state.restarts += 1;
      start();
    },
    stop: async (): Promise<void> => {
      stopping = true;
      await end('asked');
    },
  };
};

/** Looks often while the hub is away, so that its return is noticed within seconds. */
const watchHub = (
  parts: LeafParts,
  state: LeafState,
  monitorPort: number,
  restart: () => Promise<void>,
) => {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let silences = 0;
  const look = async (): Promise<void> => {
    const health = state.running ? await askLeaf(monitorPort) : 'cut';
    if (stopped) return;
    tell(health === 'linked');
    silences = health === 'silent' ? silences + 1 : 0;
    if (silences < silencesMax) {
      const waitMs = health === 'cut' && !state.settled ? lookFirstMs : lookMs[health];
      timer = setTimeout(() => void look(), waitMs);
      return;
    }
    silences = 0;
    parts.log('warn', 'The leaf runs and does not answer; it is killed and started again');
    await restart();
  };
  const tell = (connected: boolean): void => {
    if (!state.settled && (connected || parts.now() - state.since > joinMs)) {
      state.settled = true;
      if (!connected) parts.onHub(false);
    }
    if (connected === state.hubConnected) return;
    state.hubConnected = connected;
    state.since = parts.now();
    parts.log('info', connected ? 'The leaf reached the hub' : 'The leaf lost the hub');
    parts.onHub(connected);
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), lookFirstMs);
  };
  return {
    soon,
    stop: (): void => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address !== null && typeof address === 'object') return address.port;
  throw new FleetError(
    'no-free-port',
    'No free port was found on loopback; the leaf did not start.',
  );
};
