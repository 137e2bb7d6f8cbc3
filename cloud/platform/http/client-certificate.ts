/**
 * The certificate that a client showed in the TLS handshake, where the connection is TLS and asked
 * for one. OpenSSL has verified chain, dates and that the client holds the key; whether the
 * certificate is in force is looked up for every request, so that a revocation counts at once.
 */
import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';

export type ClientCertificate = {
  /** Signed by our authority, and within its dates. */
  isOurs: boolean;
  /** Lower-case hexadecimal, as it was issued. */
  serial: string;
  /** SHA-256, likewise. */
  fingerprint: string;
};

/** Node gives a peer's certificate once only: asked again, there is none. */
const shown = new WeakMap<TLSSocket, ClientCertificate | null>();

const readFrom = (socket: TLSSocket): ClientCertificate | null => {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  return {
    isOurs: socket.authorized,
    serial: certificate.serialNumber.toLowerCase().padStart(32, '0'),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
};

export const clientCertificateOf = (bindings: unknown): ClientCertificate | null => {
  const { incoming } = (bindings ?? {}) as Partial<HttpBindings>;
  const socket = incoming?.socket;
  if (!(socket instanceof TLSSocket)) return null;
  const known = shown.get(socket);
  if (known !== undefined) return known;
  const certificate = readFrom(socket);
  shown.set(socket, certificate);
  return certificate;
};
