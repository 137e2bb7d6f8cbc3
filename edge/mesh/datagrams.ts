/**
 * Datagrams as the mesh sends and hears them: a bound UDP socket, or what stands for one in a
 * simulation, and the way out of it. Closing waits for what was given to be sent: a goodbye is the
 * last thing said.
 */
import { createSocket } from 'node:dgram';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { PeerAddress } from './peer-tls.ts';

export type Datagrams = {
  port: number;
  /** `done` when it left, or when it is clear that it does not. */
  send(packet: Uint8Array, to: PeerAddress, done: () => void): void;
  hear(listener: (packet: Uint8Array, from: PeerAddress) => void): void;
  failed(listener: () => void): void;
  close(): void;
};

export const openUdp = async ({ host, port }: PeerAddress): Promise<Datagrams> => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (cause) => reject(notListening(host, port, cause)));
    socket.bind(port, host, resolve);
  });
  socket.removeAllListeners('error');
  return {
    port: socket.address().port,
    send: (packet, to, done) => socket.send(packet, to.port, to.host, done),
    hear: (listener) =>
      void socket.on('message', (packet, from) =>
        listener(packet, { host: from.address, port: from.port }),
      ),
    // An unreachable peer is reported on the socket too; it is no failure of the socket.
    failed: (listener) => void socket.on('error', listener),
    close: () => void socket.close(),
  };
};

export type MeshOutbox = {
  send(packet: Uint8Array, to: PeerAddress): void;
  close(): Promise<void>;
};

export const createMeshOutbox = (
  datagrams: Pick<Datagrams, 'send' | 'close'>,
  count: (name: string, by?: number) => void,
): MeshOutbox => {
  const closed = Promise.withResolvers<void>();
  let pending = 0;
  let closing = false;
  const end = (): void => {
    if (!closing || pending > 0) return;
    datagrams.close();
    closed.resolve();
  };
  return {
    send: (packet, to) => {
      if (closing) return;
      pending += 1;
      count('sent');
      count('sent-bytes', packet.byteLength);
      // A network that is down loses packets as any does: the core sees to that.
      datagrams.send(packet, to, () => {
        pending -= 1;
        end();
      });
    },
    close: () => {
      if (closing) return closed.promise;
      closing = true;
      end();
      return closed.promise;
    },
  };
};

const notListening = (host: string, port: number, cause: unknown): FleetError =>
  new FleetError(
    'mesh-not-listening',
    `The mesh can't listen on ${host}:${port}/udp; the agent did not start.`,
    { cause, next: 'Another program has that port: choose one with --mesh, or --mesh off.' },
  );
