/**
 * One HTTP request over node:http and node:https. Node's own `fetch` brings a second HTTP parser as
 * WebAssembly, 15 MB that an agent on a small gateway would carry for a few requests a day. What it
 * gives is the part of a `Response` that the agent reads, so a way through a neighbour can give a
 * real one. It follows a few redirects (./redirect.ts) and decodes nothing.
 */
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { type Redirect, redirectOf } from './redirect.ts';

export type Asked = {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal?: AbortSignal;
};

export type Answer = {
  ok: boolean;
  status: number;
  headers: { get(name: string): string | null };
  /** Reading it twice is a bug; `cancel` gives the connection up. */
  body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
};

export type Ask = (url: URL, asked: Asked) => Promise<Answer>;

/** From a cloud to its storage and from there to a mirror; more is a circle. */
const redirectsMax = 3;

/**
 * Rejects when nobody answers or the signal says so; any status is an answer, also that of a
 * redirect which is not followed.
 */
export const httpAsk: Ask = async (url, { method = 'GET', headers = {}, body, signal }) => {
  let next: Redirect = { url, headers };
  for (let followed = 0; ; followed += 1) {
    const { status, ...answer } = await askOnce(next.url, {
      ...{ method, headers: next.headers },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const reply = { status, location: answer.headers.get('location') };
    const redirect = redirectOf({ method, ...next }, reply);
    if (redirect === null || followed === redirectsMax) return { status, ...answer };
    await answer.body?.cancel();
    next = redirect;
  }
};

const askOnce: Ask = (url, { method = 'GET', headers = {}, body, signal }) =>
  new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestSecure : requestPlain;
    const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
    const call = request(url, { method, headers: { ...headers, ...length }, signal });
    call.once('error', (cause) => reject(signal?.aborted === true ? signal.reason : cause));
    call.once('response', (reply) => resolve(answerOf(reply, signal)));
    call.end(body);
  });

const answerOf = (reply: IncomingMessage, signal: AbortSignal | undefined): Answer => {
  const status = reply.statusCode ?? 0;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: {
      get: (name) => {
        const value = reply.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    body: {
      [Symbol.asyncIterator]: () => chunksOf(reply, signal),
      cancel: async () => void reply.destroy(),
    },
  };
};

/** The signal's own reason is what callers tell a deadline by. */
async function* chunksOf(reply: IncomingMessage, signal: AbortSignal | undefined) {
  try {
    for await (const chunk of reply) yield chunk as Uint8Array;
  } catch (cause) {
    throw signal?.aborted === true ? signal.reason : cause;
  }
}
