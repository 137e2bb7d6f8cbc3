/**
 * Azurite's blob endpoint on loopback, for tests of the Azure adapter. Its account and key are
 * the published development ones; everything is in memory.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Child, startChild, waitUntilReady } from './child.ts';
import { answersTcp, freePort } from './ports.ts';

export type Azurite = {
  connectionString: string;
  port: number;
  exited: Child['exited'];
  stop: () => Promise<void>;
};

const account = 'devstoreaccount1';
const developmentKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export const startAzurite = async (options: { dir: string; port?: number }): Promise<Azurite> => {
  mkdirSync(options.dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const packageFile = createRequire(import.meta.url).resolve('azurite/package.json');
  const child = startChild({
    name: 'azurite',
    command: process.execPath,
    args: [
      join(dirname(packageFile), 'dist/src/blob/main.js'),
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
      ...['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
    ],
    cwd: options.dir,
    logFile: join(options.dir, 'azurite.log'),
  });
  await waitUntilReady(child, () => answersTcp(port), 60_000);
  const endpoint = `http://127.0.0.1:${port}/${account}`;
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${developmentKey};BlobEndpoint=${endpoint};`,
    port,
    exited: child.exited,
    stop: () => child.stop({ graceMs: 5_000 }),
  };
};
