/**
 * `signalbeam bench`: each file of simulator/bench exports `run({smoke})` and returns figures with
 * their units in their names. A bench runs in a process of its own, so that none warms up or
 * bloats another.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { nearest } from '@signalbeam/cli/core/nearest';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { ensurePrograms } from '../machine/packages.ts';
import { seconds } from '../machine/progress.ts';
import { installLog, repositoryDir } from '../places.ts';
import { parseFlags, UsageError } from './usage.ts';

const benchDir = join(repositoryDir, 'simulator/bench');
/** One line a result of canonical size, so that figures can be compared over time. */
const historyFile = join(benchDir, 'history.ndjson');

const resultSchema = z.object({
  name: z.string(),
  figures: z.record(z.string(), z.union([z.number(), z.string()])),
  hash: z.string().optional(),
});

type BenchResult = z.infer<typeof resultSchema>;

/** Files without `run` (what benches share) are not benches. */
const listBenches = (): string[] =>
  existsSync(benchDir)
    ? readdirSync(benchDir)
        .filter((file) => file.endsWith('.bench.ts') || /^[a-z0-9-]+\.ts$/.test(file))
        .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.suite.ts'))
        .map((file) => basename(file, '.ts'))
        .sort()
    : [];

/** The child prints its result on a pipe of its own: what benches log goes to the terminal. */
const program = `const [file, smoke] = process.argv.slice(-2);
const bench = await import(file);
const fs = await import('node:fs');
if (typeof bench.run !== 'function') { fs.writeSync(3, 'null'); process.exit(0); }
fs.writeSync(3, JSON.stringify(await bench.run({ smoke: smoke === 'smoke' })));
process.exit(0);`;

const runBench = (name: string, smoke: boolean): Promise<BenchResult | undefined> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        ...['--expose-gc', '--input-type=module', '--eval', program, '--'],
        ...[join(benchDir, `${name}.ts`), smoke ? 'smoke' : 'canonical'],
      ],
      { cwd: repositoryDir, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
    );
    let answer = '';
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      answer += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) {
        reject(new FleetError('bench-failed', `The bench ${name} ended with code ${code}.`));
        return;
      }
      const value: unknown = JSON.parse(answer);
      resolve(value === null ? undefined : resultSchema.parse(value));
    });
  });

const format = (value: number | string): string =>
  typeof value === 'string'
    ? value
    : value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 100 ? 3 : 0 });

const print = ({ name, figures, hash }: BenchResult, tookMs: number) => {
  console.log(`\n${name} (${seconds(tookMs)}${hash === undefined ? '' : `, hash ${hash}`})`);
  const width = Math.max(0, ...Object.keys(figures).map((figure) => figure.length));
  for (const [figure, value] of Object.entries(figures)) {
    console.log(`  ${figure.padEnd(width)}  ${format(value)}`);
  }
};

const remember = (result: BenchResult, machine: string): void =>
  appendFileSync(
    historyFile,
    `${JSON.stringify({ at: new Date().toISOString(), machine, ...result })}\n`,
  );

export const bench = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseFlags('bench', args, { smoke: { type: 'boolean' } }, 'any');
  const all = listBenches();
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, all);
    const hint = near === undefined ? `There are: ${all.join(', ')}` : `Did you mean ${near}?`;
    throw new UsageError(`There is no bench \`${unknown}\`. ${hint}`);
  }
  await ensurePrograms('bench', installLog);
  const chosen = positionals.length === 0 ? all : positionals;
  console.log(`Benches: ${chosen.join(', ') || 'none yet'}`);
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.version}`;
  console.log(`Machine: ${machine}`);
  let failed = 0;
  for (const name of chosen) {
    const began = performance.now();
    try {
      const result = await runBench(name, values.smoke === true);
      if (result === undefined) continue;
      print(result, performance.now() - began);
      if (values.smoke !== true) remember(result, machine);
    } catch (error) {
      failed += 1;
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
};
