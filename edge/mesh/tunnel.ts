/**
 * The near end of the way through a neighbour: a port on loopback whose every connection goes to
 * the neighbour's broker, through its agent. The NATS client dials it like any server and signs in
 * there with its own credentials, so pings, redials and permissions are the broker's as ever.
 */
import { createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { DeviceCertificate } from './certificate.ts';
import type { Peer } from './peer-client.ts';
import { connectToPeer } from './peer-tls.ts';
import { tunnelProtocol } from './tunnel-server.ts';

export type Tunnel = { port: number; stop(): void };

const answerBytesMax = 1_024;
const answerMs = 5_000;
const connectionsMax = 4;

export const openTunnel = async (parts: {
  peer: Peer;
  own: DeviceCertificate;
}): Promise<Tunnel> => {
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (near) => {
    sockets.add(near);
    near.on('error', () => near.destroy());
    near.once('close', () => sockets.delete(near));
    void join(parts, near).catch(() => near.destroy());
  });
  server.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
};

const join = async (
  { peer, own }: { peer: Peer; own: DeviceCertificate },
  near: Socket,
): Promise<void> => {
  const far = await connectToPeer({ ...peer, own });
  far.once('close', () => near.destroy());
  near.once('close', () => far.destroy());
  far.write(
    `GET /broker HTTP/1.1\r\nHost: peer\r\nConnection: Upgrade\r\nUpgrade: ${tunnelProtocol}\r\n\r\n`,
  );
  const first = await switched(far);
  near.setNoDelay(true);
  if (first.byteLength > 0) near.write(first);
  near.pipe(far);
  far.pipe(near);
};

/** Reads the answer to the upgrade; gives what came behind it. */
const switched = (far: TLSSocket): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new Error('no answer')), answerMs);
    const gone = (): void => {
      clearTimeout(timer);
      reject(new Error('closed'));
    };
    const take = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const end = read.indexOf('\r\n\r\n');
      if (end === -1 && read.byteLength <= answerBytesMax) return;
      clearTimeout(timer);
      far.off('data', take);
      far.off('close', gone);
      far.pause();
      if (end !== -1 && read.toString('latin1', 0, 13) === 'HTTP/1.1 101 ') {
        resolve(read.subarray(end + 4));
      } else {
        far.destroy();
        reject(new Error('the neighbour refused'));
      }
    };
    far.on('data', take);
    far.once('close', gone);
  });
