/**
 * The shell script on machines that lack what it needs: it says exactly what to install and writes
 * nothing. The machine is one made of a PATH with a few programs and an `uname` of our own.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { repositoryDir } from '../places.ts';
import { findCommand } from './commands.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const machine = (system: string, hardware: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'sb-machine-'));
  folders.push(folder);
  for (const name of [
    'sh',
    'dirname',
    'date',
    'mkdir',
    'tail',
    'sleep',
    'cat',
    'id',
    'env',
    'cut',
  ]) {
    symlinkSync(findCommand(name), join(folder, name));
  }
  const answer = `#!/bin/sh\n[ "$1" = -m ] && echo ${hardware} || echo ${system}\n`;
  writeFileSync(join(folder, 'uname'), answer, { mode: 0o755 });
  copyFileSync(join(repositoryDir, 'signalbeam'), join(folder, 'signalbeam'));
  return folder;
};

const up = (folder: string): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    const env = { PATH: folder, HOME: folder };
    execFile(join(folder, 'sh'), [join(folder, 'signalbeam'), 'up'], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: out + err });
    });
  });

test.each([
  ['a Mac without npm', 'Darwin', 'arm64', ['npm is missing', 'brew install node']],
  ['a Linux without npm and apt', 'Linux', 'x86_64', ['npm is missing', 'apt-get install npm']],
  ['a system that no Node is known for', 'Plan9', 'mips', ['No Node is known for Plan9 on mips']],
])('%s is told what to install', async (_, system, hardware, words) => {
  const folder = machine(system, hardware);
  const { code, out } = await up(folder);
  expect(code, out).toBe(1);
  for (const word of [...words, 'Install Node 24']) expect(out).toContain(word);
  expect(existsSync(join(folder, '.signalbeam'))).toBe(false);
});
