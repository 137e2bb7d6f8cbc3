/**
 * Which container engine of this machine answers, by asking the sockets where they usually are.
 * Docker first: it is the more usual one.
 */
import { existsSync } from 'node:fs';
import { answersHttp } from '../infra/unix-http.ts';

export type EngineKind = 'docker' | 'podman';
export type FoundEngine = { kind: EngineKind; socket: string };

const ping = { docker: '/_ping', podman: '/v4.0.0/libpod/_ping' } as const;

const usualSockets = (env: NodeJS.ProcessEnv): FoundEngine[] => {
  const dockerHost = /^unix:\/\/(.+)$/.exec(env['DOCKER_HOST'] ?? '')?.[1];
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  const home = env['HOME'];
  return [
    ...(dockerHost === undefined ? [] : [{ kind: 'docker', socket: dockerHost } as const]),
    { kind: 'docker', socket: '/var/run/docker.sock' },
    ...(home === undefined
      ? []
      : [{ kind: 'docker', socket: `${home}/.docker/run/docker.sock` } as const]),
    { kind: 'podman', socket: '/run/podman/podman.sock' },
    ...(runtimeDir === undefined
      ? []
      : [{ kind: 'podman', socket: `${runtimeDir}/podman/podman.sock` } as const]),
  ];
};

/** Podman answers Docker's ping too, so a given socket is asked for Podman's first. */
const kindOf = async (socket: string): Promise<EngineKind | undefined> => {
  if (await answersHttp(socket, ping.podman)) return 'podman';
  return (await answersHttp(socket, ping.docker)) ? 'docker' : undefined;
};

export const findEngine = async (
  wanted: 'auto' | EngineKind,
  socket: string | null,
  env: NodeJS.ProcessEnv,
): Promise<FoundEngine | undefined> => {
  if (socket !== null) {
    const kind = await kindOf(socket);
    return kind === undefined || (wanted !== 'auto' && wanted !== kind)
      ? undefined
      : { kind, socket };
  }
  for (const candidate of usualSockets(env)) {
    if (wanted !== 'auto' && candidate.kind !== wanted) continue;
    if (
      existsSync(candidate.socket) &&
      (await answersHttp(candidate.socket, ping[candidate.kind]))
    ) {
      return candidate;
    }
  }
  return undefined;
};
