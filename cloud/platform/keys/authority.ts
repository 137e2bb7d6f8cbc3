/**
 * Our own certificate authority, for devices that prove themselves by TLS. Made once, by whichever
 * replica comes first, and read by all others and after every restart; its key rests sealed under
 * the key-encryption key and leaves this file in no other way. It signs certificates for keys that
 * devices made, the list of those revoked, and the certificate of our own listener.
 */
import 'reflect-metadata';
import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { onlyRow, type Sql } from '../postgres/pool.ts';
import type { Kek } from './kek.ts';

type Key = Awaited<ReturnType<typeof webcrypto.subtle.importKey>>;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const authorityDays = 3_650;
/** For clocks that are behind ours. */
const backdatedMs = 10 * 60_000;
const sealedFor = 'certificate-authority';
/** A request for a P-256 key has some 300 bytes. */
export const requestLengthMax = 4_000;

export type Issued = {
  /** PEM. */
  certificate: string;
  serial: string;
  fingerprint: string;
  issuedAt: Date;
  expiresAt: Date;
};

export type Authority = {
  /** The authority's own certificate, PEM: public. */
  certificate: string;
  /**
   * Null: the request is not a signed PKCS#10 request for a P-256 key. Of what it says of itself
   * nothing is taken but the key.
   */
  issue: (
    request: string,
    of: { deviceId: string; tenantId: string },
    life: Life,
  ) => Promise<Issued | null>;
  /** Key and certificate for a listener under these names and addresses. */
  issueServer: (
    names: readonly string[],
    life: Life,
  ) => Promise<{ certificate: string; privateKey: string }>;
  revocationList: (of: {
    number: number;
    revoked: readonly { serial: string; at: Date; reason: Revocation }[];
    thisUpdate: Date;
    nextUpdate: Date;
  }) => Promise<Buffer>;
};

export type Life = { nowMs: number; days: number };
export type Revocation = 'superseded' | 'key-compromise' | 'cessation';

const reasons: Record<Revocation, x509.X509CrlReason> = {
  superseded: x509.X509CrlReason.superseded,
  'key-compromise': x509.X509CrlReason.keyCompromise,
  cessation: x509.X509CrlReason.cessationOfOperation,
};

const importPrivate = (pkcs8: Uint8Array): Promise<Key> =>
  webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);

/** Positive, without a leading zero, and 16 bytes long. */
const newSerial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
};

const make = async (nowMs: number): Promise<{ certificate: string; pkcs8: Buffer }> => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pkcs8 = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const keys = {
    privateKey: await importPrivate(pkcs8),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: 'CN=SignalBeam device authority, O=SignalBeam',
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: made.toString('pem'), pkcs8 };
};

/** The public key of a request whose signature is right; null for anything else. */
const keyOfRequest = async (text: string): Promise<x509.PublicKey | null> => {
  if (text.length > requestLengthMax) return null;
  try {
    const request = new x509.Pkcs10CertificateRequest(text);
    const { name, namedCurve } = request.publicKey.algorithm as {
      name: string;
      namedCurve?: string;
    };
    if (name !== 'ECDSA' || namedCurve !== 'P-256') return null;
    return (await request.verify()) ? request.publicKey : null;
  } catch {
    return null;
  }
};

const isAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);

const authorityOf = async (certificate: string, pkcs8: Uint8Array): Promise<Authority> => {
  const own = new x509.X509Certificate(certificate);
  const signingKey = await importPrivate(pkcs8);
  const sign = async (
    publicKey: x509.PublicKeyType,
    subject: x509.JsonName,
    life: Life,
    extensions: x509.Extension[],
  ): Promise<Issued> => {
    const serial = newSerial();
    const issuedAt = new Date(life.nowMs);
    const wished = life.nowMs + life.days * dayMs;
    // Nothing outlives the authority, or a verifier would refuse what its dates promise. Dates in
    // certificates have whole seconds.
    const end = Math.floor(Math.min(wished, own.notAfter.getTime()) / 1_000) * 1_000;
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: serial,
      subject,
      issuer: own.subject,
      notBefore: new Date(life.nowMs - backdatedMs),
      notAfter: new Date(end),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(own.publicKey),
        ...extensions,
      ],
    });
    const pem = made.toString('pem');
    const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
    return { certificate: pem, serial, fingerprint, issuedAt, expiresAt: new Date(end) };
  };
  return {
    certificate,
    issue: async (request, { deviceId, tenantId }, life) => {
      const key = await keyOfRequest(request);
      if (key === null) return null;
      return sign(key, [{ CN: [deviceId] }, { O: [tenantId] }], life, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `urn:uuid:${deviceId}` }]),
      ]);
    },
    issueServer: async (names, life) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
      const { certificate: made } = await sign(spki, [{ CN: [names[0] ?? 'signalbeam'] }], life, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value })),
        ),
      ]);
      return {
        certificate: made,
        privateKey: String(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
      };
    },
    revocationList: async ({ number, revoked, thisUpdate, nextUpdate }) => {
      const list = await x509.X509CrlGenerator.create({
        issuer: own.subject,
        thisUpdate,
        nextUpdate,
        entries: revoked.map(({ serial, at, reason }) => ({
          serialNumber: serial,
          revocationDate: at,
          reason: reasons[reason],
        })),
        extensions: [
          await x509.AuthorityKeyIdentifierExtension.create(own.publicKey),
          new x509.Extension('2.5.29.20', false, derInteger(number)),
        ],
        signingAlgorithm: algorithm,
        signingKey,
      });
      return Buffer.from(list.rawData);
    },
  };
};

/** The number of a list, which only grows. */
const derInteger = (value: number): Uint8Array => {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(
    Number.parseInt(even.slice(0, 2), 16) > 0x7f ? `00${even}` : even,
    'hex',
  );
  return Buffer.concat([Buffer.from([0x02, bytes.byteLength]), bytes]);
};

/** Over a pool with the role `sb_system`. */
export const openAuthority = async (sql: Sql, kek: Kek, nowMs: number): Promise<Authority> => {
  const select = () =>
    sql.query<{ certificate: string; sealed: Buffer }>(
      'SELECT certificate, sealed FROM platform.certificate_authority',
    );
  let found = await select();
  if (found.rows.length === 0) {
    const { certificate, pkcs8 } = await make(nowMs);
    // Another replica may be first; whoever loses reads the winner's below.
    await sql.query(
      `INSERT INTO platform.certificate_authority (certificate, sealed) VALUES ($1, $2)
       ON CONFLICT DO NOTHING`,
      [certificate, kek.seal(pkcs8, sealedFor)],
    );
    found = await select();
  }
  const { certificate, sealed } = onlyRow(found);
  const pkcs8 = kek.open(sealed, sealedFor);
  // A certificate that was put beside another key would sign what nobody can verify.
  if (
    !new X509Certificate(certificate).checkPrivateKey(
      createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
    )
  ) {
    throw new Error('the certificate of the authority is not of its key');
  }
  return authorityOf(certificate, pkcs8);
};
