/**
 * Where the cloud goes for a tenant: the public internet by TLS, and what the installation names. A
 * tenant chooses the address, so it must not lead into the cloud's own network: names are looked up
 * here, the address is judged, and that very address is connected to, so no second look-up can say
 * another one.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export type Reach = {
  /** The cloud itself is on loopback, so what it talks to may be too, without TLS. */
  loopback: boolean;
  /** Private networks that the installation lets tenants reach: `10.0.0.0/8`. */
  networks: readonly string[];
  /** A certificate authority beside the public ones. */
  ca?: string;
  /** What a name stands for; the system's resolver if nothing is said. */
  lookUp?: (host: string) => Promise<readonly { address: string }[]>;
};

export const createReach = (publicUrl: string | null, networks: readonly string[]): Reach => ({
  loopback: publicUrl?.startsWith('http://127.0.0.1') === true,
  networks,
});

/** Of IPv4 all that is not a host of the public internet (IANA's special-purpose registry). */
const specialV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** Global unicast is 2000::/3; of it protocols (Teredo too), documentation and 6to4 lead elsewhere. */
const globalV6 = ['2000::/3'];
const specialV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const loopbackNetworks = ['127.0.0.0/8', '::1/128'];

const listOf = (networks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
};

const lists = {
  specialV4: listOf(specialV4),
  globalV6: listOf(globalV6),
  specialV6: listOf(specialV6),
  loopback: listOf(loopbackNetworks),
};

const isPublic = (address: string, family: 'ipv4' | 'ipv6'): boolean =>
  family === 'ipv4'
    ? !lists.specialV4.check(address, family)
    : lists.globalV6.check(address, family) && !lists.specialV6.check(address, family);

/** IPv4 in the clothes of IPv6 is judged as what it is. */
const plainly = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

const isLoopbackAddress = (address: string): boolean => {
  const plain = plainly(address);
  return isIP(plain) !== 0 && lists.loopback.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
};

/** Whether the installation named the network of this address. */
export const isNamed = (address: string, reach: Reach): boolean => {
  const plain = plainly(address);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  if (reach.loopback && lists.loopback.check(plain, family)) return true;
  return listOf(reach.networks).check(plain, family);
};

export const mayReach = (address: string, reach: Reach): boolean => {
  const plain = plainly(address);
  const family = isIP(plain);
  if (family === 0) return false;
  return isPublic(plain, family === 6 ? 'ipv6' : 'ipv4') || isNamed(plain, reach);
};

/** A resolver that is away would hold a sender for half a minute. */
const lookUpMsMax = 5_000;

export type Found = { kind: 'found'; address: string } | { kind: 'unreachable'; reason: string };

const inside: Found = {
  kind: 'unreachable',
  reason: 'The address is in a private network, which this cloud does not go to for a tenant.',
};

/** Looks a host up and judges it; what is connected to must be `address`. */
export const findHost = async (host: string, reach: Reach): Promise<Found> => {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) {
    return mayReach(bare, reach) ? { kind: 'found', address: bare } : inside;
  }
  const late = setTimeout(lookUpMsMax, null, { ref: false });
  const lookUp = reach.lookUp ?? ((name: string) => lookup(name, { all: true }));
  const addresses = await Promise.race([lookUp(bare).catch(() => []), late]);
  if (addresses === null) {
    return { kind: 'unreachable', reason: 'Its name could not be looked up in time.' };
  }
  if (addresses.length === 0) {
    return { kind: 'unreachable', reason: 'There is no host of this name.' };
  }
  const allowed = addresses.find(({ address }) => mayReach(address, reach));
  return allowed === undefined ? inside : { kind: 'found', address: allowed.address };
};

/** https, or http where `reach` knows loopback; never with a password in it. */
export const isAllowedUrl = (url: URL, reach: Reach): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' ||
    (url.protocol === 'http:' &&
      reach.loopback &&
      (url.hostname === 'localhost' ||
        isLoopbackAddress(url.hostname.replace(/^\[(.*)\]$/, '$1')))));
