/**
 * Secrets as files for containers: written into memory (tmpfs), bound into a container read-only, and
 * gone with it or with the power. A folder for each container by its name, which holds the values'
 * revisions, so what lies in one never changes. Readable by whoever the container runs as, for the folder
 * around them lets nobody else on the host in.
 */
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { SecretFiles } from '../agent/parts.ts';
import { fileNameOf } from '../core/secret-files.ts';

/** File systems that are memory: `linux/magic.h`. */
const memoryTypes = [0x0102_1994, 0x8584_58f6];

const isMemory = async (folder: string): Promise<boolean> => {
  const found = await statfs(folder).catch(() => null);
  return found !== null && memoryTypes.includes(found.type >>> 0);
};

const unsafe = (why: string): FleetError =>
  new FleetError('secret-files-unsafe', `Secrets can't be given as files here: ${why}.`, {
    next: 'Run the agent where /run or /dev/shm is memory (tmpfs), or name the secret in secretEnvironment.',
  });

/** The first of these that is memory: `/run` on most hosts, `/dev/shm` where the agent is not root. */
export const memoryFolder = async (
  candidates: readonly string[] = ['/run', '/dev/shm'],
  uid: number = process.getuid?.() ?? 0,
): Promise<string | null> => {
  for (const folder of candidates) {
    if ((folder !== '/run' || uid === 0) && (await isMemory(folder))) {
      return join(folder, `signalbeam-agent-${uid}`);
    }
  }
  return null;
};

/** Ours alone: in a folder that everybody may write to, somebody else could have made it before. */
const ownFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { mode: 0o700 }).catch((error) => {
    if (error.code !== 'EEXIST') throw unsafe(`${folder} can't be made`);
  });
  const found = await lstat(folder);
  const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
  if (!isOurs || (found.mode & 0o077) !== 0) {
    throw unsafe(`${folder} is not a folder of this agent alone`);
  }
  if (!(await isMemory(folder))) throw unsafe(`${folder} is on a disk`);
};

/** Whole or absent; one that is there already stays the same file, as a container may hold it. */
const write = async (path: string, value: string): Promise<void> => {
  const present = await readFile(path, 'utf8').catch(() => null);
  if (present === value) return;
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, value, { mode: 0o400, flag: 'wx' });
  // Whatever the umask: the container's own user may be anybody.
  await chmod(temporary, 0o444);
  await rename(temporary, path);
};

/** `root` is memory and shared by the agents of this host; null: there is no such place. */
export const openSecretFiles = (root: string | null, deviceId: string): SecretFiles => {
  const own = root === null ? null : join(root, deviceId);
  return {
    place: async (container, values) => {
      if (root === null || own === null) throw unsafe('neither /run nor /dev/shm is memory');
      const folder = join(own, container);
      for (const each of [root, own, folder]) await ownFolder(each);
      const paths = values.map((_, index) => join(folder, fileNameOf(index)));
      for (const [index, path] of paths.entries()) await write(path, values[index] ?? '');
      return paths;
    },
    keepOnly: async (containers) => {
      const present = own === null ? [] : await readdir(own).catch(() => []);
      if (own === null || present.length === 0) return;
      const kept = containers();
      for (const name of present) {
        if (!kept.has(name)) await rm(join(own, name), { recursive: true, force: true });
      }
    },
  };
};
