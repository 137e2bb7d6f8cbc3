import { describe, expect, it } from 'vitest';
import { hubConfig, leafAdvertiseOf } from './hub-config.ts';

const keys = {
  operatorJwt: 'operator',
  systemAccountKey: 'system',
  systemAccountJwt: 'system-jwt',
  cloudAccountKey: 'cloud',
  cloudAccountJwt: 'cloud-jwt',
};
const settings = { keys, port: 1, leafPort: 2, monitorPort: 3, storeDir: '/s', jwtDir: '/j' };

describe('what leafs are told to dial', () => {
  it('is the address they were given, so that they do not go round it', () => {
    const leafAdvertise = leafAdvertiseOf(['nats-leaf://hub.example:7000']);
    expect(hubConfig({ ...settings, ...leafAdvertise })).toContain('advertise: "hub.example:7000"');
  });

  it('has the port of leafs when none was given', () => {
    expect(leafAdvertiseOf(['tls://hub.example'])).toEqual({ leafAdvertise: 'hub.example:7422' });
  });

  it('is left out where only WebSocket leafs come', () => {
    const leafAdvertise = leafAdvertiseOf(['wss://hub.example']);
    expect(leafAdvertise).toEqual({});
    expect(hubConfig({ ...settings, ...leafAdvertise })).not.toContain('advertise');
  });
});

it('leaves devices and leafs as long to sign in as they wait themselves', () => {
  const text = hubConfig({ ...settings, tls: { certFile: '/c', keyFile: '/k' } });
  expect(text.match(/authorization \{ timeout: 20 \}/g)).toHaveLength(2);
  expect(text.match(/tls \{ .*, timeout: 20 \}/g)).toHaveLength(2);
});
