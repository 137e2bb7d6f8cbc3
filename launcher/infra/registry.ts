/**
 * Debian's docker-registry on loopback, so that pulls by tag and by digest from an ordinary
 * registry are real in tests. Plain HTTP: Docker allows that on loopback, Podman with
 * `tlsVerify=false`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../machine/commands.ts';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { answersTcp, freePort } from './ports.ts';

export type Registry = {
  url: string;
  /** `127.0.0.1:<port>`, as it stands in image references. */
  host: string;
  exited: Child['exited'];
  stop: () => Promise<void>;
};

const configuration = (dir: string, port: number) => `version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: ${JSON.stringify(join(dir, 'registry'))}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
`;

export const startRegistry = async (options: { dir: string; port?: number }): Promise<Registry> => {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const configFile = join(options.dir, 'registry.yml');
  writeFileSync(configFile, configuration(options.dir, port));
  const child = startChild({
    name: 'docker-registry',
    command: findCommand('docker-registry'),
    args: ['serve', configFile],
    logFile: join(options.dir, 'registry.log'),
  });
  await waitUntilReady(child, () => answersTcp(port), 15_000);
  const host = `127.0.0.1:${port}`;
  return { url: `http://${host}`, host, exited: child.exited, stop: () => child.stop() };
};
