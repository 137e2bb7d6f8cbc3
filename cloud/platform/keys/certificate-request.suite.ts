/** Certificate requests as devices make them, for tests; other kinds of keys too. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
} as const;

export const makeRequest = async (
  curve: keyof typeof algorithms = 'P-256',
  name = 'CN=whatever it says of itself',
): Promise<{ request: string; privateKey: string }> => {
  const signingAlgorithm = algorithms[curve];
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const body = pkcs8.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    request: made.toString('pem'),
    privateKey: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
  };
};

/** The serials on a signed list, and whether the authority signed it. */
export const readRevocationList = async (der: Uint8Array, authority: string) => {
  const list = new x509.X509Crl(Uint8Array.from(der));
  return {
    serials: list.entries.map(({ serialNumber }) => serialNumber.toLowerCase()),
    isSigned: await list.verify({ publicKey: new x509.X509Certificate(authority) }),
    nextUpdate: list.nextUpdate,
  };
};
