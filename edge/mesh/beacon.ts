/**
 * "Here I am", to whoever of the site is on the same LAN: a sealed datagram by multicast and by
 * directed broadcast, for either is often blocked. Only members can read it, and it is a hint of an
 * address and no more. A port of its own, shared by all agents of one host.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { parseJson, uuid } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { Log } from '../link/up.ts';
import type { PeerAddress } from './peer-tls.ts';
import { createRateLimit } from './rate-limit.ts';

export const beaconPort = 8482;
const group = '239.255.83.66';
const datagramBytesMax = 256;
const format = 1;
const [nonceBytes, tagBytes] = [12, 16];
/** At the start a device is looked for; later a beacon finds who came in the meantime. */
const firstMs = [200, 1_000, 3_000];
const laterMs = { min: 10_000, max: 30_000 };
/** Of everybody together: opening one costs some 20 µs. */
const readings = { burst: 50, perSecond: 20 };

const contentSchema = z.object({ device: uuid, port: z.int().min(1).max(65_535) });
export type BeaconContent = z.infer<typeof contentSchema>;

const keyOf = (siteKey: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', siteKey, Buffer.alloc(0), 'signalbeam beacon', 32));

export const sealBeacon = (content: BeaconContent, siteKey: Uint8Array): Buffer => {
  const head = Buffer.concat([Buffer.from([format]), randomBytes(nonceBytes)]);
  const cipher = createCipheriv('aes-256-gcm', keyOf(siteKey), head.subarray(1));
  cipher.setAAD(head);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()]);
  return Buffer.concat([head, sealed, cipher.getAuthTag()]);
};

/** Null for whatever no member sealed with one of these keys. */
export const openBeacon = (
  bytes: Uint8Array,
  siteKeys: readonly Uint8Array[],
): BeaconContent | null => {
  const headBytes = 1 + nonceBytes;
  if (bytes.byteLength > datagramBytesMax || bytes.byteLength <= headBytes + tagBytes) return null;
  if (bytes[0] !== format) return null;
  const head = bytes.subarray(0, headBytes);
  for (const siteKey of siteKeys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', keyOf(siteKey), head.subarray(1), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(head);
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      const plain = [decipher.update(bytes.subarray(headBytes, -tagBytes)), decipher.final()];
      const parsed = parseJson(Buffer.concat(plain), contentSchema, datagramBytesMax);
      return parsed.kind === 'parsed' ? parsed.value : null;
    } catch {
      // Another key, or nobody of this site.
    }
  }
  return null;
};

export type Beacon = { counters(): { heard: number; dropped: number }; stop(): void };

export const startBeacon = (parts: {
  self: string;
  /** Where the mesh listens: a beacon goes out there and nowhere else, from loopback not at all. */
  host: string;
  port: number;
  /** Newest first; none while the device has no site key. */
  siteKeys: () => readonly Uint8Array[];
  heard: (device: string, address: PeerAddress) => void;
  now: () => number;
  random: () => number;
  log: Log;
  timers?: Timers;
}): Beacon => {
  const timers = parts.timers ?? systemTimers;
  const limit = createRateLimit(readings);
  const counters = { heard: 0, dropped: 0 };
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  let sent = 0;
  let cancel = (): void => {};
  let open = false;

  socket.on('message', (bytes, from) => {
    const content = limit.take('all', parts.now()) ? openBeacon(bytes, parts.siteKeys()) : null;
    if (content === null) {
      counters.dropped += 1;
      return;
    }
    if (content.device === parts.self) return;
    counters.heard += 1;
    parts.heard(content.device, { host: from.address, port: content.port });
  });
  socket.on('error', (cause) =>
    parts.log('warn', 'The beacon can not be heard; known addresses are used', {
      reason: cause.message,
    }),
  );
  const send = (): void => {
    const key = parts.siteKeys()[0];
    if (key !== undefined && open) {
      const lans = lanInterfaces(parts.host);
      joinGroup(socket, lans);
      const bytes = sealBeacon({ device: parts.self, port: parts.port }, key);
      // A network that is down is no news: the next beacon tries again.
      for (const lan of lans) sendOn(socket, lan, bytes);
    }
    const { min, max } = laterMs;
    const delayMs = firstMs[sent] ?? min + (max - min) * parts.random();
    sent += 1;
    cancel = timers.after(delayMs, send, 'background');
  };
  socket.bind(beaconPort, () => {
    open = true;
    socket.setBroadcast(true);
    socket.setMulticastTTL(1);
    send();
  });
  return {
    counters: () => ({ ...counters }),
    stop: () => {
      cancel();
      open = false;
      socket.close();
    },
  };
};

type Lan = { address: string; netmask: string };

const lanInterfaces = (host: string): Lan[] =>
  Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .filter(({ address }) => host === '0.0.0.0' || host === address);

/** Interfaces come and go, so membership is asked for again; the kernel refuses what it has. */
const joinGroup = (socket: Socket, lans: readonly Lan[]): void => {
  for (const { address } of lans) {
    try {
      socket.addMembership(group, address);
    } catch {
      // It is a member there already, or the interface has no multicast.
    }
  }
};

const sendOn = (socket: Socket, lan: Lan, bytes: Uint8Array): void => {
  try {
    socket.setMulticastInterface(lan.address);
    socket.send(bytes, beaconPort, group, () => undefined);
  } catch {
    // The interface went away between looking and sending.
  }
  socket.send(bytes, beaconPort, broadcastAddress(lan), () => undefined);
};

const broadcastAddress = ({ address, netmask }: Lan): string => {
  const mask = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((part, at) => (Number(part) & (mask[at] ?? 255)) | (~(mask[at] ?? 255) & 255))
    .join('.');
};
