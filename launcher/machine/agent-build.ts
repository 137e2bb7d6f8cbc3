/** Bundles the agent when its sources, those of `sync` or the lock file have changed. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { repositoryDir } from '../places.ts';
import { buildIfStale } from './built.ts';
import { showStep } from './progress.ts';

/** The program as a gateway has it: it runs the bundle, with the flags that keep it small. */
export const agentProgram = join(repositoryDir, 'edge/signalbeam-agent');

const build = async (): Promise<void> => {
  const vite = join(repositoryDir, 'node_modules/.bin/vite');
  try {
    await promisify(execFile)(vite, ['build'], {
      cwd: join(repositoryDir, 'edge'),
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
    throw new FleetError(
      'agent-build-failed',
      `The agent does not build.\n${output.slice(-2_000)}`,
      {
        cause,
        next: 'Run `npx vite build` in the folder edge to see all of it.',
      },
    );
  }
};

export const ensureAgent = (): Promise<void> =>
  buildIfStale(
    { folders: ['edge', 'sync'], resultDir: 'edge/dist', results: ['agent.cjs', 'guard.cjs'] },
    () => showStep('Bundling the agent', build),
  );
