/**
 * A small ext4 of its own on a loop device, for tests that fill a disk or cut its power. A cut drops
 * every page that was not yet on the disk; the file system answers errors until it is mounted again.
 * Linux only, as root.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findCommand } from '../machine/commands.ts';

export type Disk = {
  mountPoint: string;
  /** What the device was told to write since it was mounted, the file system's own journal included. */
  writtenBytes: () => number;
  cutPower: () => void;
  /** As a boot does: what the file system's own journal holds is replayed. */
  remount: () => void;
  remove: () => void;
};

const sectorBytes = 512;

/** The seventh figure of a block device's `stat` is the sectors that were written. */
const writtenBytesOf = (mountPoint: string): number => {
  const mounted = readFileSync('/proc/mounts', 'utf8').split('\n');
  const device = mounted.find((line) => line.split(' ')[1] === mountPoint)?.split(' ')[0] ?? '';
  const stat = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/\s+/);
  return Number(stat[6]) * sectorBytes;
};

/** Left to itself, mkfs gives a disk that is so small blocks of 1 KiB; those of devices have 4 KiB. */
export const createDisk = (sizeMiB: number, blockBytes = 1_024): Disk => {
  const dir = mkdtempSync(join(tmpdir(), 'sb-disk-'));
  let image = join(dir, 'disk');
  let boots = 0;
  const mountPoint = join(dir, 'mnt');
  writeFileSync(image, '');
  truncateSync(image, sizeMiB * 1024 * 1024);
  // Nothing is left to a thread of the kernel's that would go on writing for minutes.
  const whole = ['-E', 'lazy_itable_init=0,lazy_journal_init=0', '-b', String(blockBytes)];
  execFileSync(findCommand('mkfs.ext4'), ['-q', '-m', '0', ...whole, image]);
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
    writtenBytes: () => writtenBytesOf(mountPoint),
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
