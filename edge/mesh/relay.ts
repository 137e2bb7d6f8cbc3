/**
 * The relay for a device that waits for approval and has no way to the cloud: its registration and
 * its question whether it is approved go through a member, and nothing else does. The member adds
 * nothing: the device's own token and signature travel along, and the cloud decides.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { uuid } from '@signalbeam/sync/wire/shape';
import { createRateLimit } from './rate-limit.ts';

export type Relay = {
  answer(publicKey: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
};

const bodyBytesMax = 4 * 1024;
const tokenBytesMax = 2 * 1024;
const replyBytesMax = 512 * 1024;
const deadlineMs = 15_000;
/** A device asks every 2 to 30 seconds; several may wait at a site. */
const perDevice = { burst: 5, perSecond: 0.5 };
const together = { burst: 20, perSecond: 2 };

export const createRelay = (parts: {
  cloudUrl: string;
  /** A clock that never jumps. */
  now: () => number;
  fetch?: typeof fetch;
}): Relay => {
  const send = parts.fetch ?? fetch;
  const each = createRateLimit(perDevice);
  const all = createRateLimit(together);
  return {
    answer: async (publicKey, request, response) => {
      const now = parts.now();
      const target = targetOf(request);
      if (target === null) return void response.writeHead(404).end();
      if (!each.take(publicKey, now) || !all.take('all', now)) {
        return void response.writeHead(429, { 'retry-after': '5' }).end();
      }
      const body = target.method === 'POST' ? await readBody(request) : null;
      if (body === 'too-large') return void response.writeHead(413).end();
      const { authorization } = request.headers;
      if ((authorization?.length ?? 0) > tokenBytesMax) return void response.writeHead(431).end();
      const headers = {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      };
      const reply = await send(new URL(target.path, parts.cloudUrl), {
        method: target.method,
        headers,
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(deadlineMs),
      }).catch(() => null);
      if (reply === null) return void response.writeHead(502).end();
      await passBack(reply, response);
    },
  };
};

/** The calls there are, by their exact paths: to register, to ask how it stands, to say farewell. */
const targetOf = ({ method, url }: IncomingMessage): { method: string; path: string } | null => {
  if (method === 'POST' && url === '/enrolment/devices') return { method, path: '/api/devices' };
  const [, id, query = ''] =
    url?.match(/^\/enrolment\/devices\/([0-9a-f-]{36})(\?rootsAfter=\d{1,7})?$/) ?? [];
  if (id === undefined || !uuid.safeParse(id).success) return null;
  if (method === 'DELETE' && query === '') return { method, path: `/api/devices/${id}/enrolment` };
  if (method !== 'GET') return null;
  return { method, path: `/api/devices/${id}/enrolment${query}` };
};

const readBody = async (request: IncomingMessage): Promise<Buffer | 'too-large'> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bodyBytesMax) return 'too-large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const passBack = async (reply: Response, response: ServerResponse): Promise<void> => {
  const type = reply.headers.get('content-type');
  const date = reply.headers.get('date');
  response.writeHead(reply.status, {
    ...(type === null ? {} : { 'content-type': type }),
    // A device without a clock dates its tokens by the cloud's answer.
    ...(date === null ? {} : { date }),
  });
  let sizeBytes = 0;
  for await (const chunk of reply.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > replyBytesMax) return void response.destroy();
    response.write(chunk);
  }
  response.end();
};
