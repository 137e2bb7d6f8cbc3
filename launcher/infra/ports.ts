/**
 * Free ports on loopback and whether something listens on one. A free port is only a promise of
 * the moment: a server that is told to take it may still lose the race, and then says so.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const listenOnce = (port: number, host: string): Promise<number | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, host, () => {
      const address = server.address();
      const taken = address !== null && typeof address === 'object' ? address.port : null;
      server.close(() => resolve(taken));
    });
  });

/**
 * Below the ports that the kernel gives to outgoing connections (32768 and up on Linux): one of
 * those may be taken by any connection between the look and the server's start.
 */
const range = { first: 12_000, count: 20_000 } as const;
const triesMax = 200;
/** Longer than any server takes to start; after it the server itself holds the port or is gone. */
const claimMsMax = 300_000;
const claims = join(tmpdir(), `signalbeam-ports-${userInfo().uid}`);

/** One file per port keeps processes that look at the same time apart. */
const claim = (port: number): boolean => {
  const file = join(claims, String(port));
  try {
    mkdirSync(claims, { recursive: true, mode: 0o700 });
    const made = statSync(file, { throwIfNoEntry: false });
    if (made !== undefined && Date.now() - made.mtimeMs > claimMsMax) rmSync(file, { force: true });
    writeFileSync(file, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
};

export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = range.first + randomInt(range.count);
    if (claim(port) && (await listenOnce(port, host)) !== null) return port;
  }
  throw new Error(`No free port on ${host} among ${triesMax} looked at.`);
};

/** The preferred port, or the next one that nothing listens on (on any address). */
export const freePortFrom = async (
  preferred: number,
  taken: ReadonlySet<number> = new Set(),
): Promise<number> => {
  for (let port = preferred; port < preferred + 200; port += 1) {
    if (taken.has(port)) continue;
    const everywhere = await listenOnce(port, '0.0.0.0');
    const loopback = everywhere === null ? null : await listenOnce(port, '127.0.0.1');
    if (loopback !== null) return port;
  }
  return freePort();
};

export const answersTcp = (port: number, host = '127.0.0.1', timeoutMs = 1_000): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host });
    const done = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
