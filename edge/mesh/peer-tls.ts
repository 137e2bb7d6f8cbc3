/**
 * TLS between the agents of a site. Both ends show the certificate of their device key; who the
 * other is, is the roster's to say: a valid signature by an unknown key is a stranger. No authority
 * is asked and no session resumed, so every connection proves the key again.
 */
import type { X509Certificate } from 'node:crypto';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type DeviceCertificate, publicKeyOf } from './certificate.ts';

/** Where a peer's agent listens: the same port for UDP and TCP. */
export type PeerAddress = { host: string; port: number };

const handshakeMs = 5_000;

export const serverTls = ({ certificate, privateKey }: DeviceCertificate) =>
  ({
    cert: certificate,
    key: privateKey,
    requestCert: true,
    // The key is compared with the roster after the handshake; no authority signs devices.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    handshakeTimeout: handshakeMs,
  }) as const;

/** Node gives a peer's certificate once only: asked again, there is none. */
const certificates = new WeakMap<TLSSocket, X509Certificate>();

export const peerCertificate = (socket: TLSSocket): X509Certificate | undefined => {
  const found = certificates.get(socket) ?? socket.getPeerX509Certificate();
  if (found !== undefined) certificates.set(socket, found);
  return found;
};

/** The key that the other end proved to hold, base64; null when it proved none. */
export const provenKey = (socket: TLSSocket): string | null => publicKeyOf(peerCertificate(socket));

const contexts = new WeakMap<DeviceCertificate, SecureContext>();

/**
 * One for all connections: each would hold some 100 KB until the next big collection. Its authority
 * is the device itself, so that Node does not read the world's.
 */
const contextOf = (own: DeviceCertificate): SecureContext => {
  const { certificate, privateKey } = own;
  const context =
    contexts.get(own) ??
    createSecureContext({
      ...{ cert: certificate, key: privateKey, ca: certificate },
      minVersion: 'TLSv1.3',
    });
  contexts.set(own, context);
  return context;
};

/**
 * A connection to the holder of `publicKey`, and to nobody else; with null to whoever answers,
 * whose key the caller then judges by `provenKey`.
 */
export const connectToPeer = (parts: {
  address: PeerAddress;
  publicKey: string | null;
  own: DeviceCertificate;
}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const { host, port } = parts.address;
    const options: ConnectionOptions = {
      host,
      port,
      secureContext: contextOf(parts.own),
      rejectUnauthorized: false,
      timeout: handshakeMs,
    };
    const socket = connect(options);
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(unreachablePeer(parts.address, cause));
    };
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error('no answer')));
    socket.once('secureConnect', () => {
      if (parts.publicKey !== null && provenKey(socket) !== parts.publicKey) {
        socket.destroy();
        reject(strangePeer(parts.address));
        return;
      }
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      socket.removeAllListeners('timeout');
      // An error between two uses ends the socket; whoever uses it next sees that it is closed.
      socket.on('error', () => socket.destroy());
      socket.setNoDelay(true);
      resolve(socket);
    });
  });

const unreachablePeer = ({ host, port }: PeerAddress, cause: unknown): FleetError =>
  new FleetError('peer-unreachable', `The device at ${host}:${port} can't be reached.`, { cause });

const strangePeer = ({ host, port }: PeerAddress): FleetError =>
  new FleetError(
    'peer-not-proven',
    `The device at ${host}:${port} does not hold the key that the roster names; nothing was sent.`,
    { next: 'If its address was given to another device, the mesh learns the new one by itself.' },
  );
