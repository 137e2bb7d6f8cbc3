/**
 * A new P-256 key and the PKCS#10 request over it: what the cloud's authority signs. The key is made
 * here and never leaves the device. P-256 and not the device's own Ed25519 key, because whoever ends
 * TLS in front of something (proxies, brokers, hardware) knows P-256, and because a certificate that
 * is lost must not be the identity.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { der, hex, nameOf, pem, tags } from './der.ts';

/** ecdsa-with-SHA256 */
const signedBy = der(tags.sequence, hex('06082a8648ce3d040302'));

export const createCertificateRequest = (name: string): { request: string; privateKey: string } => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const asked = der(
    tags.sequence,
    der(tags.integer, hex('00')),
    nameOf(name),
    pair.publicKey.export({ format: 'der', type: 'spki' }),
    der(tags.attributes),
  );
  const signature = der(tags.bitString, hex('00'), sign('sha256', asked, pair.privateKey));
  return {
    request: pem('CERTIFICATE REQUEST', der(tags.sequence, asked, signedBy, signature)),
    privateKey: String(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  };
};
