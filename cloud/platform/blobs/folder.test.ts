/** Blobs in a folder: the common behaviour, and what a crash leaves behind. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeBlobs } from './blobs.suite.ts';
import { openFolderBlobs } from './folder.ts';

const folders: string[] = [];
const freshFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

describeBlobs('folder', async () => {
  return { blobs: await openFolderBlobs(await freshFolder()), presigns: false };
});

describe('blob folder', () => {
  it('sweeps what a crash left half written and never lists it', async () => {
    const folder = await freshFolder();
    const incoming = join(folder, 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const name of ['half', 'being-written']) await writeFile(join(incoming, name), name);
    const hoursAgo = new Date(Date.now() - 2 * 3600 * 1000);
    await utimes(join(incoming, 'half'), hoursAgo, hoursAgo);
    const blobs = await openFolderBlobs(folder);
    expect(await readdir(incoming)).toEqual(['being-written']);
    for await (const blob of blobs.list()) throw new Error(`listed ${blob.digest}`);
  });
});
