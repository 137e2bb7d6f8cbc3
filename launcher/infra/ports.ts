/**
 * Free ports on loopback and whether something listens on one. A free port is only a promise of
 * the moment: a server that is told to take it may still lose the race, and then says so.
 */
import { connect, createServer } from 'node:net';

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

export const freePort = async (host = '127.0.0.1'): Promise<number> => {
  const port = await listenOnce(0, host);
  if (port === null) throw new Error(`No free port on ${host}.`);
  return port;
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
