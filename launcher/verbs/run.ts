/**
 * Runs one tool of the checkout (vitest, biome, tsc) with its output going straight to the person,
 * and says how long it took. The tool's own JavaScript is run by our Node, not by what npx finds.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';

export type Outcome = { code: number; tookMs: number };

export const runTool = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(command, args, {
      cwd: repositoryDir,
      // Nothing may wait for an answer: CI has no standard input.
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code: code ?? 1, tookMs: performance.now() - began }));
  });

/** A program of node_modules/.bin. */
export const binary = (name: string): string => join(repositoryDir, 'node_modules/.bin', name);
