/**
 * The device's identity as TLS knows it: a self-signed X.509 certificate over its one Ed25519 key.
 * Nobody trusts what it says but the key in it, which is compared with the verified roster, so it
 * needs no authority, is valid from 1970 to 9999 (a device without a clock can use it) and is made
 * anew at every start: Ed25519 signs the same bytes the same way, so it is always the same one.
 * Written by hand because it is one fixed template; OpenSSL and Go read it, this file reads nothing.
 */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { privateKeyFromNkeySeed, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { der, hex, nameOf, pem, tags } from './der.ts';

export type DeviceCertificate = {
  /** PEM, as TLS libraries and nats-server read it. */
  certificate: string;
  privateKey: string;
};

const ed25519 = der(tags.sequence, hex('06032b6570'));
const subjectAltName = hex('0603551d11');
const version3 = der(tags.version, hex('020102'));
/** Written in front of a raw Ed25519 key (RFC 8410). */
const publicKeyHeader = hex('302a300506032b6570032100');

/** The certificate of the key behind `seed`; the same seed gives the same bytes. */
export const createDeviceCertificate = (seed: string): DeviceCertificate => {
  const signer = signerFromNkeySeed(seed);
  const raw = Buffer.from(signer.publicKey, 'base64');
  const serial = createHash('sha256').update(raw).digest().subarray(0, 16);
  // A serial number is positive and has no leading zero.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const name = nameOf(signer.keyId);
  const host = der(tags.sequence, der(tags.dnsName, `${signer.keyId}.signalbeam.internal`));
  const signed = der(
    tags.sequence,
    version3,
    der(tags.integer, serial),
    ed25519,
    name,
    der(tags.sequence, der(tags.utcTime, '700101000000Z'), der(tags.time, '99991231235959Z')),
    name,
    Buffer.concat([publicKeyHeader, raw]),
    der(
      tags.extensions,
      der(tags.sequence, der(tags.sequence, subjectAltName, der(tags.octetString, host))),
    ),
  );
  const signature = der(tags.bitString, Buffer.from([0]), signer.sign(signed));
  return {
    certificate: pem('CERTIFICATE', der(tags.sequence, signed, ed25519, signature)),
    privateKey: String(privateKeyFromNkeySeed(seed).export({ format: 'pem', type: 'pkcs8' })),
  };
};

/** The raw Ed25519 key in a peer's certificate, base64; null for any other kind of key. */
export const publicKeyOf = (certificate: X509Certificate | undefined): string | null => {
  const key: KeyObject | undefined = certificate?.publicKey;
  if (key?.asymmetricKeyType !== 'ed25519') return null;
  return Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url').toString('base64');
};
