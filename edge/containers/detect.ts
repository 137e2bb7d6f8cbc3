/**
 * Finds the container engine that answers, and loads only that adapter: a device carries either
 * dockerode or the libpod client in memory, never both. A socket that exists but does not answer in
 * time is reported with its reason, since that is what a technician needs to read.
 */
import { request } from 'node:http';
import type { Engine } from './engine.ts';

export type EnginePreference = 'auto' | 'docker' | 'podman';

export type DetectOptions = {
  prefer: EnginePreference;
  /** A socket given by configuration is the only one tried. */
  socketPath?: string | undefined;
  /** The value of DOCKER_HOST, if set; only `unix://` is understood. */
  dockerHost?: string | undefined;
  /** The value of XDG_RUNTIME_DIR, if set: where a rootless engine listens. */
  runtimeDirectory?: string | undefined;
  timeoutMs?: number;
};

export type Detected =
  | { kind: 'found'; engine: Engine; socketPath: string }
  | { kind: 'none'; tried: { path: string; reason: string }[] };

type Answer = { kind: 'docker' | 'podman' } | { kind: 'silent'; reason: string };

export const detectEngine = async (options: DetectOptions): Promise<Detected> => {
  const tried: { path: string; reason: string }[] = [];
  for (const path of candidatePaths(options)) {
    const answer = await ask(path, options.timeoutMs ?? 3_000);
    if (answer.kind === 'silent') {
      tried.push({ path, reason: answer.reason });
    } else if (options.prefer !== 'auto' && options.prefer !== answer.kind) {
      tried.push({ path, reason: `it is ${answer.kind}, and ${options.prefer} is asked for` });
    } else {
      return { kind: 'found', engine: await open(answer.kind, path), socketPath: path };
    }
  }
  return { kind: 'none', tried };
};

/** In order of trust: what was configured, then rootful sockets, then the user's own. */
export const candidatePaths = (options: DetectOptions): string[] => {
  if (options.socketPath) return [options.socketPath.replace(/^unix:\/\//, '')];
  const { prefer, dockerHost, runtimeDirectory } = options;
  const docker = [
    ...(dockerHost?.startsWith('unix://') ? [dockerHost.slice('unix://'.length)] : []),
    '/var/run/docker.sock',
    ...(runtimeDirectory ? [`${runtimeDirectory}/docker.sock`] : []),
  ];
  const podman = [
    '/run/podman/podman.sock',
    ...(runtimeDirectory ? [`${runtimeDirectory}/podman/podman.sock`] : []),
  ];
  const all = prefer === 'podman' ? podman : prefer === 'docker' ? docker : [...docker, ...podman];
  return [...new Set(all)];
};

const open = async (kind: 'docker' | 'podman', socketPath: string): Promise<Engine> => {
  if (kind === 'docker') return (await import('./docker.ts')).openDocker(socketPath);
  return (await import('./podman.ts')).openPodman(socketPath);
};

/** Podman names itself in a header of `_ping`, also where it plays Docker at Docker's path. */
const ask = (socketPath: string, timeoutMs: number): Promise<Answer> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const silent = (reason: string) => resolve({ kind: 'silent', reason });
    const call = request({ socketPath, path: '/_ping', signal }, (reply) => {
      reply.resume();
      const { statusCode = 0, headers } = reply;
      if (headers['libpod-api-version']) resolve({ kind: 'podman' });
      else if (statusCode === 200 && headers['api-version']) resolve({ kind: 'docker' });
      else silent(`something answers there (HTTP ${statusCode}), but it is no container engine`);
    });
    call.on('error', (cause: NodeJS.ErrnoException) => silent(reasonOf(cause, timeoutMs)));
    call.end();
  });

const reasonOf = (cause: NodeJS.ErrnoException, timeoutMs: number): string => {
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError') {
    return `it did not answer within ${timeoutMs / 1000} s`;
  }
  if (cause.code === 'ENOENT') return 'there is no such socket';
  if (cause.code === 'EACCES') return 'this user may not open it';
  if (cause.code === 'ECONNREFUSED') return 'nothing listens there';
  return cause.code ?? cause.message;
};
