/**
 * What a machine that lacks programs is told, for Debian and for a Mac.
 */
import { expect, test } from 'vitest';
import { instructions, missingPrograms } from './packages.ts';

test('up needs little; test needs every server', () => {
  const nothing = () => false;
  expect(missingPrograms('up', nothing, 'linux').map(({ command }) => command)).toEqual([
    'nats-server',
    'busybox',
  ]);
  const forTests = missingPrograms('test', nothing, 'linux').map((program) => program.package);
  expect(forTests).toEqual(expect.arrayContaining(['docker.io', 'podman', 'chromium', 'xfsprogs']));
});

test('nothing is missing when everything answers', () => {
  expect(missingPrograms('test', () => true, 'linux')).toEqual([]);
});

test('the instruction can be pasted on Debian', () => {
  const missing = missingPrograms('up', () => false, 'linux');
  expect(instructions(missing, 'linux')).toBe(
    'On Debian or Ubuntu: sudo apt-get install --no-install-recommends nats-server busybox-static',
  );
});

test('a Mac is told what brew has and what needs Linux', () => {
  const missing = missingPrograms('test', () => false, 'darwin');
  const text = instructions(missing, 'darwin');
  expect(text).toContain('brew install nats-server podman redis chromium');
  expect(text).toContain('These need Linux: dockerd');
});
