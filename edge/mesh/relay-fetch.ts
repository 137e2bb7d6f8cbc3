/**
 * The cloud through a member's relay, for a device that waits for approval and has no uplink: a
 * `fetch` that knows the two calls and refuses any other. The device has no roster yet, so it can't
 * tell a member from an impostor: what it sends is its registration, and what comes back is believed
 * no further than an answer of the cloud would be, whose fingerprint a person compares.
 */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { DeviceCertificate } from './certificate.ts';
import { connectToPeer, type PeerAddress } from './peer-tls.ts';

const relayedPath = (path: string, query: string): string | null => {
  if (path === '/api/devices') return '/enrolment/devices';
  const id = path.match(/^\/api\/devices\/([0-9a-f-]{36})\/enrolment$/)?.[1];
  return id === undefined ? null : `/enrolment/devices/${id}${query}`;
};

export const createRelayFetch =
  (parts: { address: PeerAddress; own: DeviceCertificate }): typeof fetch =>
  async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const path = relayedPath(pathname, search);
    if (path === null) throw notRelayed();
    const socket = await connectToPeer({ ...parts, publicKey: null });
    const request = httpRequest({
      createConnection: () => socket,
      method: init?.method ?? 'GET',
      path,
      headers: {
        host: 'relay',
        connection: 'close',
        ...Object.fromEntries(new Headers(init?.headers)),
      },
      ...(init?.signal == null ? {} : { signal: init.signal }),
    });
    request.end(typeof init?.body === 'string' ? init.body : undefined);
    const [reply] = (await once(request, 'response')) as [IncomingMessage];
    const headers = Object.entries(reply.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    );
    return new Response(Readable.toWeb(reply) as ReadableStream, {
      status: reply.statusCode ?? 502,
      headers,
    });
  };

const notRelayed = (): FleetError =>
  new FleetError('not-relayed', 'A relay carries registration and approval only.', {
    next: 'Give the device a way to the cloud, or wait until it is approved.',
  });
