/**
 * All servers of the rig, started together in one folder. A program that is missing or a server
 * that does not start fails the whole rig, and with it the tests: nothing is skipped.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite } from '../infra/azurite.ts';
import { startDocker } from '../infra/docker.ts';
import { startPodman } from '../infra/podman.ts';
import { startPostgres } from '../infra/postgres.ts';
import { startRedis } from '../infra/redis.ts';
import { startRegistry } from '../infra/registry.ts';
import { findCommand } from '../machine/commands.ts';
import type { Provided } from './provided.ts';

export type Rig = { dir: string; provided: Provided; stop: () => Promise<void> };

/** Short, because unix sockets lie in it; open to `postgres`, who must walk through it. */
const makeRigDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'sb-rig-'));
  chmodSync(dir, 0o711);
  return dir;
};

/** Starts all at once; when one fails, the others are stopped before the failure is told. */
export const startRig = async (): Promise<Rig> => {
  const dir = makeRigDir();
  const stops: (() => Promise<void>)[] = [];
  const keep = async <T extends { stop: () => Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const server = await starting;
    stops.push(server.stop);
    return server;
  };
  const stop = async () => {
    const results = await Promise.allSettled(stops.splice(0).map((stopServer) => stopServer()));
    rmSync(dir, { recursive: true, force: true });
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  const starting = [
    keep(
      startPostgres({
        dir: join(dir, 'postgres'),
        durability: 'throwaway',
        connectionsMax: 600,
      }),
    ),
    keep(startDocker({ dir: join(dir, 'docker') })),
    keep(startPodman({ dir: join(dir, 'podman') })),
    keep(startRedis({ dir: join(dir, 'redis') })),
    keep(startAzurite({ dir: join(dir, 'azurite') })),
    keep(startRegistry({ dir: join(dir, 'registry') })),
  ] as const;
  await Promise.allSettled(starting);
  try {
    const [postgres, docker, podman, redis, azurite, registry] = await Promise.all(starting);
    const provided = {
      postgresUrl: postgres.url,
      dockerSocket: docker.socketPath,
      podmanSocket: podman.socketPath,
      redisUrl: redis.url,
      azuriteConnection: azurite.connectionString,
      registryUrl: registry.url,
      chromiumPath: findCommand('chromium'),
    };
    return { dir, provided, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
