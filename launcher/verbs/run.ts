/**
 * Runs one tool of the checkout (vitest, biome, tsc) with its output going straight to the person
 * unless a file is named for it, and says how long it took. The tool's own JavaScript is run by our
 * Node, not by what npx finds.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';

export type Outcome = { code: number; tookMs: number };

export const runTool = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  outputFile?: string,
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const output = outputFile === undefined ? ('inherit' as const) : openSync(outputFile, 'w');
    const child = spawn(command, args, {
      cwd: repositoryDir,
      // Nothing may wait for an answer: CI has no standard input.
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    });
    if (output !== 'inherit') closeSync(output);
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code: code ?? 1, tookMs: performance.now() - began }));
  });

/** A program of node_modules/.bin. */
export const binary = (name: string): string => join(repositoryDir, 'node_modules/.bin', name);
