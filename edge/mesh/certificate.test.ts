import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { describe, expect, test } from 'vitest';
import { createDeviceCertificate, publicKeyOf } from './certificate.ts';

describe("a device's certificate", () => {
  const { seed } = createDeviceKey();
  const own = createDeviceCertificate(seed);
  const read = new X509Certificate(own.certificate);

  test('holds the device key, signed by itself', () => {
    expect(publicKeyOf(read)).toBe(signerFromNkeySeed(seed).publicKey);
    expect(read.verify(read.publicKey)).toBe(true);
  });

  test('is valid in 1970 and in 9999, and is the same after a restart', () => {
    expect(read.validFromDate.toISOString()).toBe('1970-01-01T00:00:00.000Z');
    expect(read.validToDate.toISOString()).toBe('9999-12-31T23:59:59.000Z');
    expect(createDeviceCertificate(seed)).toEqual(own);
  });

  test('proves the key to both ends of TLS 1.3', async () => {
    const other = createDeviceCertificate(createDeviceKey().seed);
    const both = { requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' } as const;
    const server = createServer({ ...both, cert: own.certificate, key: own.privateKey });
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { port, host: '127.0.0.1', cert: other.certificate, key: other.privateKey };
    const near = connect({ ...both, ...options });
    await once(near, 'secureConnect');
    const [far] = await accepted;
    expect(near.getProtocol()).toBe('TLSv1.3');
    expect(publicKeyOf(near.getPeerX509Certificate())).toBe(publicKeyOf(read));
    expect(publicKeyOf(far.getPeerX509Certificate())).toBe(
      publicKeyOf(new X509Certificate(other.certificate)),
    );
    near.destroy();
    far.destroy();
    server.close();
  });

  test('a key of another kind is no device', () => {
    expect(publicKeyOf(undefined)).toBeNull();
  });
});
