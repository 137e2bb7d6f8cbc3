/**
 * Which containers' secret files are still needed: those that a container has mounted, and those of
 * versions that may be started. Each container's lie in a folder of its name. Pure.
 */
import type { ContainerSpec, Mount } from './container.ts';
import type { Known } from './known.ts';
import { containersOfRelease } from './plan-images.ts';

/** Files are numbered: a path in the container says nothing about the host. */
export const fileNameOf = (index: number): string => String(index);

/** The folder that a mounted file lies in, by its name. */
const folderOf = (mount: Mount): string[] =>
  mount.kind === 'bind' ? mount.hostPath.split('/').slice(-2, -1) : [];

const hasFiles = ({ secretFiles = [] }: ContainerSpec): boolean => secretFiles.length > 0;

export const secretFoldersInUse = (known: Known): Set<string> => {
  const mounted = (known.observed ?? []).flatMap(({ mounts }) => mounts.flatMap(folderOf));
  const planned = known.slots.flatMap(({ update, confirmed, previous, wanted }) =>
    [update?.target, confirmed, previous, wanted].flatMap((version) => {
      const release = version == null ? undefined : known.releases.get(version.releaseDigest);
      if (version == null || release === undefined) return [];
      return containersOfRelease(known, release, version)
        .filter(({ spec }) => hasFiles(spec))
        .map(({ spec }) => spec.name);
    }),
  );
  return new Set([...mounted, ...planned]);
};
