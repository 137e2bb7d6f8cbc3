/**
 * The device's identity as TLS knows it: a self-signed X.509 certificate over its one Ed25519 key.
 * Nobody trusts what it says but the key in it, which is compared with the verified roster, so it
 * needs no authority, is valid from 1970 to 9999 (a device without a clock can use it) and is made
 * anew at every start: Ed25519 signs the same bytes the same way, so it is always the same one.
 * Written by hand because it is one fixed template; OpenSSL and Go read it, this file reads nothing.
 */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { privateKeyFromNkeySeed, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';

export type DeviceCertificate = {
  /** PEM, as TLS libraries and nats-server read it. */
  certificate: string;
  privateKey: string;
};

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8: 0x0c,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  version: 0xa0,
  extensions: 0xa3,
} as const;

const length = (bytes: number): Buffer => {
  if (bytes < 0x80) return Buffer.from([bytes]);
  return bytes < 0x100 ? Buffer.from([0x81, bytes]) : Buffer.from([0x82, bytes >> 8, bytes & 0xff]);
};

const der = (tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), length(body.byteLength), body]);
};

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const ed25519 = der(tags.sequence, hex('06032b6570'));
const commonName = hex('0603550403');
const subjectAltName = hex('0603551d11');
const version3 = der(tags.version, hex('020102'));
/** Written in front of a raw Ed25519 key (RFC 8410). */
const publicKeyHeader = hex('302a300506032b6570032100');

const nameOf = (text: string): Buffer =>
  der(tags.sequence, der(tags.set, der(tags.sequence, commonName, der(tags.utf8, text))));

const pem = (bytes: Uint8Array): string => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

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
    certificate: pem(der(tags.sequence, signed, ed25519, signature)),
    privateKey: String(privateKeyFromNkeySeed(seed).export({ format: 'pem', type: 'pkcs8' })),
  };
};

/** The raw Ed25519 key in a peer's certificate, base64; null for any other kind of key. */
export const publicKeyOf = (certificate: X509Certificate | undefined): string | null => {
  const key: KeyObject | undefined = certificate?.publicKey;
  if (key?.asymmetricKeyType !== 'ed25519') return null;
  return Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url').toString('base64');
};
