import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packClient } from './pack.ts';

const run = promisify(execFile);
const modules = join(import.meta.dirname, '../../node_modules');
const dir = mkdtempSync(join(tmpdir(), 'client-'));
const program = (url: string) => `
import { createClient } from '@signalbeam/client';
import { ProblemError, UnreachableError } from '@signalbeam/client/problem';
const fleet = createClient({ url: '${url}', attemptsMax: 1 });
try {
  const { name } = await fleet.get('/api/auth/me');
  console.log(name.length);
} catch (error) {
  console.log(error instanceof UnreachableError, error instanceof ProblemError);
}
`;

/** Somebody's project, outside of this repository: what `npm pack` made, unpacked as npm does, and no more. */
beforeAll(async () => {
  await packClient(join(dir, 'made'));
  const packing = ['pack', join(dir, 'made'), '--pack-destination', dir, '--json', '--offline'];
  const { stdout } = await run('npm', packing, { cwd: dir });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const home = join(dir, 'node_modules/@signalbeam/client');
  mkdirSync(home, { recursive: true });
  await run('tar', ['-xzf', join(dir, filename), '-C', home, '--strip-components=1']);
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) {
    symlinkSync(join(modules, name), join(dir, 'node_modules', name));
  }
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(join(dir, 'program.mjs'), program('http://127.0.0.1:1'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the package that others install', () => {
  it('runs as plain JavaScript', async () => {
    const { stdout } = await run(process.execPath, [join(dir, 'program.mjs')]);
    expect(stdout).toBe('true false\n');
  });

  it('types what it is asked, and refuses what the API has not', async () => {
    const check = async (text: string): Promise<string> => {
      const file = join(dir, 'typed.ts');
      writeFileSync(file, text);
      const flags = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext'];
      const more = ['--target', 'es2024', '--lib', 'es2024,dom', '--types', '', file];
      const failed = (error: { stdout: string }) => error.stdout;
      return run(join(modules, '.bin/tsc'), [...flags, ...more]).then(
        ({ stdout }) => stdout,
        failed,
      );
    };
    const wrong = program('https://fleet.example').replace('name.length', 'name.colour');
    expect(await check(program('https://fleet.example'))).toBe('');
    expect(await check(wrong)).toContain("Property 'colour' does not exist on type 'string'");
  });
});
