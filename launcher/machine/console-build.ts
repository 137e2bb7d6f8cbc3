/**
 * Builds the consoles when what they are made of has changed since the last build: the sources of
 * `console` and of `sync`, and the lock file.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { repositoryDir } from '../places.ts';
import { showStep } from './progress.ts';

const consoleDir = join(repositoryDir, 'console');
/** Beside what it stamps: whoever deletes the one deletes the other. */
const stampFile = join(consoleDir, 'dist/.stamp');
const built = ['operator', 'technician'].map((app) => join(consoleDir, 'dist', app, 'index.html'));

const isSource = (path: string) =>
  !/(^|\/)(node_modules|dist)\//.test(path) && !/\.(test|suite)\.ts$/.test(path);

const digestSources = (): string => {
  const hash = createHash('sha256').update(readFileSync(join(repositoryDir, 'package-lock.json')));
  for (const folder of [consoleDir, join(repositoryDir, 'sync')]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => isSource(path.slice(repositoryDir.length)))
      .sort();
    for (const file of files)
      hash.update(file.slice(repositoryDir.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
};

const isFresh = (digest: string): boolean =>
  built.every((file) => existsSync(file)) &&
  existsSync(stampFile) &&
  readFileSync(stampFile, 'utf8') === digest;

export const ensureConsole = async (): Promise<void> => {
  const digest = digestSources();
  if (isFresh(digest)) return;
  await showStep('Building the consoles', async () => {
    const vite = join(repositoryDir, 'node_modules/.bin/vite');
    try {
      for (const app of ['operator', 'technician']) {
        await promisify(execFile)(vite, ['build', '--mode', app], {
          cwd: consoleDir,
          env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
        });
      }
    } catch (cause) {
      const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
      throw new FleetError(
        'console-build-failed',
        `The consoles don't build.\n${output.slice(-2_000)}`,
        {
          cause,
          next: 'Run `npx vite build` in the folder console to see all of it.',
        },
      );
    }
  });
  writeFileSync(stampFile, digest);
};
