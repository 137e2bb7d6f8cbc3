/**
 * The far end of a neighbour's way to the broker: bytes in, bytes out, at a bounded rate, until
 * either side ends or falls silent. The neighbour signs in at the broker itself, with its own
 * credentials, so this device gains no right to speak for it and can read nothing that TLS hides.
 */
import { connect, type Socket } from 'node:net';
import type { BrokerWay } from '../link/ways.ts';

export const tunnelProtocol = 'signalbeam-broker';

const tunnelsMax = 32;
const tunnelsPerDeviceMax = 4;
/** Both ends of a NATS connection ping more often than that. */
const silenceMs = 60_000;
const connectMs = 5_000;
/** A neighbour's share of the way: a frame of 16 KB passes at once, a backlog does not crowd out. */
const rate = { burstBytes: 512 * 1024, bytesPerSecond: 256 * 1024 };

const open = new Map<Socket, string>();

export const acceptTunnel = (parts: {
  socket: Socket;
  head: Buffer;
  way: BrokerWay;
  deviceId: string;
}): void => {
  const { socket, head, way, deviceId } = parts;
  const own = [...open.values()].filter((each) => each === deviceId).length;
  if (open.size >= tunnelsMax || own >= tunnelsPerDeviceMax) {
    socket.end('HTTP/1.1 429 Too Many Tunnels\r\nConnection: close\r\n\r\n');
    return;
  }
  open.set(socket, deviceId);
  const broker = connect({ host: way.host, port: way.port, timeout: connectMs });
  const end = (): void => {
    open.delete(socket);
    socket.destroy();
    broker.destroy();
  };
  for (const each of [socket, broker]) {
    each.on('error', end);
    each.on('close', end);
    each.on('timeout', end);
  }
  broker.once('connect', () => {
    broker.setTimeout(silenceMs);
    socket.setTimeout(silenceMs);
    broker.setNoDelay(true);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${tunnelProtocol}\r\n\r\n`,
    );
    if (head.byteLength > 0) broker.write(head);
    passOn(socket, broker);
    passOn(broker, socket);
  });
};

/** Passes bytes on, waits while the other side is slow or the share is used up. */
const passOn = (from: Socket, to: Socket): void => {
  let tokens = rate.burstBytes;
  let at = performance.now();
  let waiting = false;
  from.on('data', (chunk: Buffer) => {
    const now = performance.now();
    tokens = Math.min(rate.burstBytes, tokens + ((now - at) / 1_000) * rate.bytesPerSecond);
    at = now;
    tokens -= chunk.byteLength;
    const flowing = to.write(chunk);
    if (tokens < 0) {
      waiting = true;
      from.pause();
      const pauseMs = (-tokens / rate.bytesPerSecond) * 1_000;
      setTimeout(() => {
        waiting = false;
        if (!to.writableNeedDrain) from.resume();
      }, pauseMs).unref();
    } else if (!flowing) from.pause();
  });
  to.on('drain', () => {
    if (!waiting) from.resume();
  });
};
