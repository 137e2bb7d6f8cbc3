/** Which addresses the cloud goes to for a tenant, in every spelling. */
import { describe, expect, it } from 'vitest';
import { findHost, isAllowedUrl, mayReach, type Reach } from './reach.ts';

const nowhere: Reach = { loopback: false, networks: [] };
const named: Reach = { loopback: false, networks: ['10.1.0.0/16', 'fd00:1::/32'] };

describe('where a tenant can send the cloud', () => {
  it.each([
    ...['127.0.0.1', '10.0.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
    ...['0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1'],
    ...['2002:7f00:1::', '2001::1', '2001:2::1', '2001:db8::1', '3fff::1'],
    ...['localhost', '', '999.1.1.1'],
  ])('not to %s', (address) => {
    expect(mayReach(address, nowhere)).toBe(false);
  });

  it.each(['93.184.216.34', '8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'to %s',
    (address) => {
      expect(mayReach(address, nowhere)).toBe(true);
    },
  );

  it('into networks that the installation names, and to loopback where the cloud itself is', () => {
    expect(mayReach('10.1.2.3', named)).toBe(true);
    expect(mayReach('::ffff:10.1.2.3', named)).toBe(true);
    expect(mayReach('10.2.0.1', named)).toBe(false);
    expect(mayReach('fd00:1::5', named)).toBe(true);
    expect(mayReach('127.0.0.1', { ...named, loopback: true })).toBe(true);
  });

  it('not by a name that leads there', async () => {
    expect(await findHost('localhost', nowhere)).toMatchObject({ kind: 'unreachable' });
    expect(await findHost('[::1]', nowhere)).toMatchObject({ kind: 'unreachable' });
    // URLs write a number of any base as an address.
    expect(await findHost(new URL('https://0x7f.1/').hostname, nowhere)).toMatchObject({
      kind: 'unreachable',
    });
  });

  it('by https, and by http on loopback alone where the cloud is there too', () => {
    const local = { ...nowhere, loopback: true };
    const allowed = (url: string, reach: Reach) => isAllowedUrl(new URL(url), reach);
    expect(allowed('https://hooks.example/x', nowhere)).toBe(true);
    expect(allowed('http://hooks.example/x', local)).toBe(false);
    expect(allowed('http://127.0.0.1/x', nowhere)).toBe(false);
    expect(allowed('http://127.0.0.1/x', local)).toBe(true);
    expect(allowed('https://user:secret@hooks.example/x', nowhere)).toBe(false);
    expect(allowed('ftp://hooks.example/x', local)).toBe(false);
  });
});
