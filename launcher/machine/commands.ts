/**
 * Finds programs of the machine. Debian keeps servers in /usr/sbin and friends, which are often
 * missing from a person's PATH, so those folders are always looked into.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';

const alwaysSearched = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  ...['/opt/homebrew/bin', '/opt/homebrew/sbin', '/usr/lib/podman'],
];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** What children get as PATH: ours, then the folders of servers. */
export const searchPath = (path = process.env['PATH'] ?? ''): string =>
  [
    ...new Set([...path.split(delimiter).filter((folder) => folder !== ''), ...alwaysSearched]),
  ].join(delimiter);

/** A name, or the whole path of what Debian keeps beside others of its name. */
export const lookUpCommand = (name: string): string | undefined =>
  isAbsolute(name)
    ? [name].find(isExecutable)
    : searchPath()
        .split(delimiter)
        .map((folder) => join(folder, name))
        .find(isExecutable);

export const findCommand = (name: string): string => {
  const path = lookUpCommand(name);
  if (path !== undefined) return path;
  throw new FleetError('program-missing', `The program ${name} is not installed.`, {
    next: 'Run `./signalbeam test` or `./signalbeam up` once as root on Debian: they install it.',
  });
};
