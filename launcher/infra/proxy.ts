/**
 * A TCP proxy in this process whose link can be cut as real ones are: `clean` resets connections
 * and refuses new ones; `half-open` keeps connections open and accepts new ones, but no byte moves
 * either way and nobody is told. Healing after `half-open` lets the bytes that waited go on.
 */
import { connect, createServer, type Socket } from 'node:net';

export type CutMode = 'clean' | 'half-open';

export type LinkProxy = {
  port: number;
  cut: (mode: CutMode) => void;
  heal: () => void;
  /** Bytes passed on so far: towards the target, and back. */
  bytes: () => { up: number; down: number };
  /** Shows every chunk of every connection as it passes; `connection` tells them apart. */
  watch: (listener: ProxyListener) => void;
  stop: () => Promise<void>;
};

export type ProxyListener = (
  direction: 'up' | 'down',
  chunk: Uint8Array,
  connection: object,
) => void;

export type ProxyOptions = { to: { host?: string; port: number }; port?: number; host?: string };

type Pair = { near: Socket; far: Socket };

export const startProxy = async (options: ProxyOptions): Promise<LinkProxy> => {
  const pairs = new Set<Pair>();
  const passed = { up: 0, down: 0 };
  const listeners: ProxyListener[] = [];
  let state: CutMode | 'whole' = 'whole';

  const forget = (pair: Pair) => {
    pairs.delete(pair);
    pair.near.destroy();
    pair.far.destroy();
  };
  const pass = (pair: Pair, from: Socket, to: Socket, direction: 'up' | 'down') => {
    from.on('data', (chunk: Buffer) => {
      passed[direction] += chunk.byteLength;
      for (const listener of listeners) listener(direction, chunk, pair);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (state === 'whole') from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => forget(pair));
    from.on('close', () => forget(pair));
  };
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (state === 'clean') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: options.to.host ?? '127.0.0.1', port: options.to.port });
    const pair = { near, far };
    pairs.add(pair);
    near.setNoDelay(true);
    far.setNoDelay(true);
    pass(pair, near, far, 'up');
    pass(pair, far, near, 'down');
    // Reading starts with a 'data' listener: a cut link must be held again after it.
    if (state === 'half-open') {
      near.pause();
      far.pause();
    } else {
      near.resume();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    port,
    cut: (mode) => {
      state = mode;
      for (const pair of pairs) {
        if (mode === 'clean') {
          pair.near.resetAndDestroy();
          pair.far.resetAndDestroy();
        } else {
          pair.near.pause();
          pair.far.pause();
        }
      }
    },
    heal: () => {
      state = 'whole';
      for (const { near, far } of pairs) {
        near.resume();
        far.resume();
      }
    },
    bytes: () => ({ ...passed }),
    watch: (listener) => {
      listeners.push(listener);
    },
    stop: async () => {
      for (const pair of pairs) forget(pair);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
};
