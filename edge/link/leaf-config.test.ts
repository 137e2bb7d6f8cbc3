import { expect, test } from 'vitest';
import { assertSafeListen, credentialsFile, leafConfig } from './leaf-config.ts';

const enrolment = {
  deviceId: '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f10',
  tenantId: '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f11',
  tenantKey: 'ATENANT',
  site: 'plant-7',
  name: 'gateway',
  nats: {
    operatorJwt: 'OPERATOR',
    systemAccountKey: 'ASYSTEM',
    systemAccountJwt: 'SYSTEM.JWT',
    leafAccountJwt: 'TENANT.JWT',
    deviceJwt: 'DEVICE',
    gatewayJwt: 'GATEWAY',
    hubUrls: ['nats://hub:4222'],
    leafUrls: ['nats-leaf://hub:7422', 'nats-leaf://hub2:7422'],
  },
  records: { root: '', keyset: '', revocation: '', roster: '', siteKey: '' },
};
const paths = {
  configFile: '/s/leaf.conf',
  credentialsFile: '/s/g "w".creds',
  pidFile: '/s/pid',
  logFile: '/s/log',
};

test('the leaf has no JetStream, one remote with narrow credentials, and lets in whom the roster names', () => {
  const listen = { host: '127.0.0.1', port: 4250, tls: null };
  const nkey = `U${'A'.repeat(55)}`;
  const members = [
    { deviceId: enrolment.deviceId, nkey },
    { deviceId: enrolment.tenantId, nkey: '} evil {' },
  ];
  const text = leafConfig({
    enrolment,
    members,
    listen,
    monitorPort: 8222,
    paths,
    redialSeconds: 5,
  });
  expect(text).not.toContain('jetstream');
  expect(text).toContain(
    'remotes: [ { urls: [ "nats-leaf://hub:7422", "nats-leaf://hub2:7422" ], credentials: "/s/g \\"w\\".creds", account: ATENANT } ]',
  );
  expect(text).toContain('http: "127.0.0.1:8222"');
  expect(text).toContain(
    `nkey: ${nkey}, permissions: { publish: { allow: ["signalbeam.devices.*.${enrolment.deviceId}"`,
  );
  expect(text).not.toContain('evil');
  expect(text).not.toContain('operator');
  expect(text).not.toContain('GATEWAY');
});

test('beyond loopback it needs TLS', () => {
  expect(() => assertSafeListen({ host: '0.0.0.0', port: 4250, tls: null })).toThrow(/without TLS/);
  expect(() =>
    assertSafeListen({ host: '192.168.1.5', port: 4250, tls: { certFile: 'c', keyFile: 'k' } }),
  ).not.toThrow();
  expect(() => assertSafeListen({ host: '127.0.0.2', port: 4250, tls: null })).not.toThrow();
});

test('the credentials file is of the form nats-server reads', () => {
  expect(credentialsFile('JWT', 'SEED')).toMatch(
    /^-----BEGIN NATS USER JWT-----\nJWT\n-{6}END NATS USER JWT-{6}\n[\s\S]*SEED/,
  );
});
