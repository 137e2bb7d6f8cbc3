/**
 * A small ext4 of its own on a loop device, for tests that fill a disk or cut its power. A cut drops
 * every page that was not yet on the disk; the file system answers errors until it is mounted again.
 * Linux only, as root.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../machine/commands.ts';

export type Disk = {
  mountPoint: string;
  cutPower: () => void;
  /** As a boot does: what the file system's own journal holds is replayed. */
  remount: () => void;
  remove: () => void;
};

export const createDisk = (sizeMiB: number): Disk => {
  const dir = mkdtempSync(join(tmpdir(), 'sb-disk-'));
  let image = join(dir, 'disk');
  let boots = 0;
  const mountPoint = join(dir, 'mnt');
  writeFileSync(image, '');
  truncateSync(image, sizeMiB * 1024 * 1024);
  execFileSync(findCommand('mkfs.ext4'), ['-q', '-m', '0', image]);
  mkdirSync(mountPoint);
  // A mount that another namespace copied keeps the dead file system alive: a boot reads a copy.
  const boot = () => {
    const before = image;
    boots += 1;
    image = join(dir, `disk-${boots}`);
    copyFileSync(before, image);
    rmSync(before);
    mount();
  };
  const mount = () => execFileSync('mount', ['-o', 'loop', image, mountPoint]);
  const unmount = () => execFileSync('umount', [mountPoint]);
  mount();
  return {
    mountPoint,
    cutPower: () => {
      execFileSync(findCommand('xfs_io'), ['-x', '-c', 'shutdown', mountPoint]);
    },
    remount: () => {
      unmount();
      boot();
    },
    remove: () => {
      unmount();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
