/**
 * Completion as people have it: zsh and fish themselves, each with the script where its help says it
 * goes, and a key pressed. Both are installed from Debian where they are missing, so it is of the full
 * run; bash, which is everywhere, is tried in ./cli.system.test.ts.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { ensurePrograms } from '@signalbeam/launcher/machine/packages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from './here.fixture.ts';

const main = join(import.meta.dirname, 'main.ts');
let home: string;
let environment: Record<string, string>;

/** Completes as the program does; of everything else it says only that it was asked for. */
const program = () => `#!/bin/sh
if [ "$1" = __complete ]; then exec '${process.execPath}' '${main}' "$@"; fi
printf '%s\\n' "$*" >'${join(home, 'said')}'
`;

const scriptFor = async (shell: string, file: string): Promise<string> => {
  const { code, out } = await runHere(home, ['completion', shell]);
  expect(code).toBe(0);
  mkdirSync(join(home, shell), { recursive: true });
  const path = join(home, shell, file);
  writeFileSync(path, out);
  return path;
};

const run = async (command: string, args: string[]): Promise<string> =>
  (await promisify(execFile)(command, args, { env: environment, cwd: home, timeout: 30_000 }))
    .stdout;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'shells-'));
  await ensurePrograms('shells', join(home, 'install.log'));
  writeFileSync(join(home, 'signalbeam'), program());
  chmodSync(join(home, 'signalbeam'), 0o755);
  const path = `${home}:${process.env['PATH'] ?? ''}`;
  environment = { ...compileCache(), HOME: home, PATH: path, TERM: 'dumb' };
}, 300_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('fish', () => {
  let script: string;
  beforeAll(async () => {
    script = await scriptFor('fish', 'signalbeam.fish');
  });
  const candidates = async (line: string): Promise<string[]> => {
    const ask = `source '${script}'; complete -C '${line}'`;
    return (await run('fish', ['--no-config', '-c', ask])).split('\n').filter(Boolean);
  };

  it.each([
    ['signalbeam dev', ['devices']],
    ['signalbeam rollouts st', ['start']],
    ['signalbeam completion ', ['bash', 'fish', 'zsh']],
    ['signalbeam devices list --status o', ['offline', 'online']],
  ])('completes `%s`', async (line, expected) => {
    expect((await candidates(line)).toSorted()).toEqual(expected);
  });

  it('offers files where nothing else fits', async () => {
    writeFileSync(join(home, 'containers.json'), '[]');
    expect((await candidates('signalbeam bundles release cont')).join()).toContain(
      'containers.json',
    );
  });
});

describe('zsh', () => {
  /** Presses TAB behind the words, in a terminal, and answers the line that was carried out. */
  const carriedOut = async (setUp: string, begun: string, finished: string): Promise<string> => {
    rmSync(join(home, 'said'), { force: true });
    const driver = `zmodload zsh/zpty
wait_for() { local seen; zpty -r shell seen "*$1*" || exit 1 }
zpty shell zsh -f -i
zpty -w shell "PS1='REA''DY>'; ${setUp}"
wait_for 'READY>'
zpty -n -w shell ${JSON.stringify(begun)}$'\\t'
wait_for ${JSON.stringify(finished)}
zpty -n -w shell $'\\r'
wait_for 'READY>'
zpty -d shell`;
    await run('zsh', ['-f', '-c', driver]);
    return readFileSync(join(home, 'said'), 'utf8').trim();
  };
  const inFpath = () =>
    `fpath=(${join(home, 'zsh')} \\$fpath); autoload -U compinit; compinit -u -D`;

  it.each([
    ['signalbeam dev', 'devices'],
    ['signalbeam rollouts st', 'rollouts start'],
    ['signalbeam devices list --stat', 'devices list --status'],
  ])('completes `%s` from the first key on, out of fpath', async (begun, line) => {
    await scriptFor('zsh', '_signalbeam');
    expect(await carriedOut(inFpath(), begun, line)).toBe(line);
  });

  it('completes where the script is sourced, too', async () => {
    const script = await scriptFor('zsh', '_signalbeam');
    const setUp = `autoload -U compinit; compinit -u -D; source ${script}`;
    expect(await carriedOut(setUp, 'signalbeam rollouts st', 'rollouts start')).toBe(
      'rollouts start',
    );
  });
});
