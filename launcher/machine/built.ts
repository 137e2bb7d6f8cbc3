/**
 * What is built from sources and need not be built again: a stamp beside the result holds a digest
 * of the sources it was made of. Whoever deletes the result deletes the stamp with it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryDir } from '../places.ts';

export type Built = {
  /** Workspaces of the repository; the lock file counts always. */
  folders: readonly string[];
  /** The folder that the build fills, below the repository. */
  resultDir: string;
  /** Files that must be there, below `resultDir`. */
  results: readonly string[];
};

const isSource = (path: string) =>
  !/(^|\/)(node_modules|dist)\//.test(path) && !/\.(test|suite|fixture)\.ts$/.test(path);

const digestSources = (folders: readonly string[]): string => {
  const hash = createHash('sha256').update(readFileSync(join(repositoryDir, 'package-lock.json')));
  for (const folder of folders) {
    const files = readdirSync(join(repositoryDir, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => isSource(path.slice(repositoryDir.length)))
      .sort();
    for (const file of files)
      hash.update(file.slice(repositoryDir.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
};

export const buildIfStale = async (
  { folders, resultDir, results }: Built,
  build: () => Promise<void>,
): Promise<void> => {
  const dir = join(repositoryDir, resultDir);
  const stampFile = join(dir, '.stamp');
  const digest = digestSources(folders);
  const fresh =
    results.every((file) => existsSync(join(dir, file))) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === digest;
  if (fresh) return;
  await build();
  writeFileSync(stampFile, digest);
};
