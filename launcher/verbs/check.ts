/**
 * `signalbeam check`: everything that needs no server. All parts run even when one fails, so that
 * one run tells all there is to mend.
 */
import { seconds } from '../machine/progress.ts';
import { binary, runTool } from './run.ts';
import { parseFlags } from './usage.ts';

/** Biome colours its output even into a file. */
const colours = process.stdout.isTTY === true ? [] : ['--colors=off'];

const parts: readonly { title: string; command: string; args: readonly string[] }[] = [
  { title: 'format and lint', command: 'biome', args: ['ci', '--error-on-warnings', ...colours] },
  { title: 'types', command: 'tsc', args: ['-p', '.'] },
  { title: 'types of the console', command: 'tsc', args: ['-p', 'console'] },
  { title: 'unused code', command: 'knip', args: ['--no-progress'] },
  { title: 'house rules', command: 'vitest', args: ['run', '--project', 'unit', 'tidy.test.ts'] },
];

export const check = async (args: readonly string[]): Promise<number> => {
  parseFlags('check', args, {});
  const lines: string[] = [];
  let failed = 0;
  for (const part of parts) {
    console.log(`— ${part.title}`);
    const { code, tookMs } = await runTool(binary(part.command), part.args);
    if (code !== 0) failed += 1;
    lines.push(`${code === 0 ? 'ok    ' : 'FAILED'} ${part.title} in ${seconds(tookMs)}`);
  }
  console.log(`\n${lines.join('\n')}`);
  return failed === 0 ? 0 : 1;
};
