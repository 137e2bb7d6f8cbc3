/** Builds the consoles when their sources, those of `sync` or the lock file have changed. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { repositoryDir } from '../places.ts';
import { buildIfStale } from './built.ts';
import { showStep } from './progress.ts';

const apps = ['operator', 'technician'];

const build = async (): Promise<void> => {
  const vite = join(repositoryDir, 'node_modules/.bin/vite');
  try {
    for (const app of apps) {
      await promisify(execFile)(vite, ['build', '--mode', app], {
        cwd: join(repositoryDir, 'console'),
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
};

export const ensureConsole = (): Promise<void> =>
  buildIfStale(
    {
      folders: ['console', 'sync'],
      resultDir: 'console/dist',
      results: apps.map((app) => `${app}/index.html`),
    },
    () => showStep('Building the consoles', build),
  );
