/** Secrets as files lie in memory or nowhere, where nobody else comes near, and only as long as needed. */
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryFolder, openSecretFiles } from './secret-files.ts';

let root: string;
beforeEach(async () => {
  // Memory on every Linux.
  root = join(await mkdtemp('/dev/shm/secret-files-test-'), 'own');
});
afterEach(() => rm(join(root, '..'), { recursive: true, force: true }));

const unsafe = { code: 'secret-files-unsafe' };

test('each is whole, readable in the container, and behind folders that are ours alone', async () => {
  const files = openSecretFiles(root, 'device-1');
  const before = process.umask(0o077);
  const paths = await files.place('web-1', ['one', 'two\n']).finally(() => process.umask(before));
  expect(paths).toEqual(['0', '1'].map((name) => join(root, 'device-1', 'web-1', name)));
  expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(['one', 'two\n']);
  for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o444);
  for (const folder of ['', 'device-1', 'device-1/web-1']) {
    expect((await stat(join(root, folder))).mode & 0o777).toBe(0o700);
  }
  expect(await readdir(join(root, 'device-1', 'web-1'))).toEqual(['0', '1']);
});

test('what is there stays the same file, which a container may hold; what was changed is put right', async () => {
  const files = openSecretFiles(root, 'device-1');
  const [path = ''] = await files.place('web-1', ['one']);
  const { ino } = await stat(path);
  await files.place('web-1', ['one']);
  expect((await stat(path)).ino).toBe(ino);
  await chmod(path, 0o644);
  await writeFile(path, 'changed');
  await files.place('web-1', ['one']);
  expect(await readFile(path, 'utf8')).toBe('one');
  expect((await stat(path)).mode & 0o777).toBe(0o444);
});

test('only those of containers that are needed are kept, and of another agent all', async () => {
  const [mine, other] = [openSecretFiles(root, 'device-1'), openSecretFiles(root, 'device-2')];
  for (const name of ['web-1', 'web-2']) await mine.place(name, ['x']);
  await other.place('web-1', ['x']);
  await mine.keepOnly(() => new Set(['web-2', 'never-was']));
  expect(await readdir(join(root, 'device-1'))).toEqual(['web-2']);
  expect(await readdir(join(root, 'device-2'))).toEqual(['web-1']);
  await openSecretFiles(root, 'device-3').keepOnly(() => {
    throw new Error('nothing is there, so nobody is asked');
  });
});

test('a disk, a folder of somebody else, one that others may enter, and a link are refused', async () => {
  const disk = await mkdtemp(join(tmpdir(), 'secret-files-'));
  const onDisk = openSecretFiles(join(disk, 'own'), 'device-1');
  await expect(onDisk.place('web-1', ['x'])).rejects.toMatchObject(unsafe);
  await rm(disk, { recursive: true });
  await expect(openSecretFiles(null, 'device-1').place('web-1', ['x'])).rejects.toMatchObject(
    unsafe,
  );
  const files = openSecretFiles(root, 'device-1');
  await mkdir(root, { mode: 0o755 });
  await chmod(root, 0o755);
  await expect(files.place('web-1', ['x'])).rejects.toMatchObject(unsafe);
  await rm(root, { recursive: true });
  await symlink('/dev/shm', root);
  await expect(files.place('web-1', ['x'])).rejects.toMatchObject(unsafe);
  await rm(root);
  await writeFile(root, '');
  await expect(files.place('web-1', ['x'])).rejects.toMatchObject(unsafe);
});

test('the place is the first that is memory, root’s own or the user’s', async () => {
  expect(await memoryFolder(['/proc', '/dev/shm'], 7)).toBe('/dev/shm/signalbeam-agent-7');
  expect(await memoryFolder(['/run', '/proc'], 7)).toBeNull();
  expect(await memoryFolder(['/nowhere'])).toBeNull();
});
