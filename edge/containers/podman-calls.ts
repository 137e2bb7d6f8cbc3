/**
 * The libpod API over Podman's unix socket by undici, with a deadline and our failures around every
 * call. Version 4.0.0 of the API is asked for: later servers still answer it.
 */
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import { withDeadline } from './deadline.ts';
import { invalidReply, isSocketFailure, refused, unreachableEngine } from './failures.ts';

export type LibpodCall = {
  /** Completes the sentence "could not …". */
  what: string;
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | readonly string[]>>;
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  /** Statuses beside 2xx that are an answer, not a failure ("already so", "not there"). */
  expect?: readonly number[];
};

export type LibpodReply = { status: number; body: unknown };

export type LibpodCalls = {
  socketPath: string;
  call(options: LibpodCall): Promise<LibpodReply>;
  /** An endless answer: the caller reads and destroys it; `signal` aborts it at any time. */
  stream(options: LibpodCall): Promise<Readable>;
  close(): Promise<void>;
};

const callTimeoutMs = 20_000;
const replyBytesMax = 32 * 1024 * 1024;
const apiPath = '/v4.0.0/libpod';

export const openLibpodCalls = (
  socketPath: string,
  defaultTimeoutMs = callTimeoutMs,
): LibpodCalls => {
  const agent = new Agent({
    connect: { socketPath, timeout: 5_000 },
    connections: 32,
    // Our own deadlines decide; a followed log may be silent for days.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const send = (options: LibpodCall, signal: AbortSignal) =>
    agent.request({
      origin: 'http://podman',
      path: `${apiPath}${options.path}${queryOf(options.query)}`,
      method: options.method ?? 'GET',
      signal,
      ...(options.body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(options.body) }),
    });
  return {
    socketPath,
    call: (options) => callOnce(send, socketPath, { timeoutMs: defaultTimeoutMs, ...options }),
    stream: (options) => openStream(send, socketPath, { timeoutMs: defaultTimeoutMs, ...options }),
    close: () => agent.destroy(),
  };
};

type Send = (options: LibpodCall, signal: AbortSignal) => Promise<Dispatcher.ResponseData>;

const callOnce = async (
  send: Send,
  socketPath: string,
  options: LibpodCall,
): Promise<LibpodReply> => {
  const { what, timeoutMs = callTimeoutMs, signal } = options;
  try {
    return await withDeadline({ what, timeoutMs, signal }, async (ownSignal) => {
      const reply = await send(options, ownSignal);
      const text = await readText(reply.body);
      const accepted = reply.statusCode < 300 || options.expect?.includes(reply.statusCode);
      if (!accepted) throw refused(what, { status: reply.statusCode, message: messageIn(text) });
      return { status: reply.statusCode, body: parseJson(text, what) };
    });
  } catch (cause) {
    throw asLibpodFailure(what, socketPath, cause);
  }
};

const openStream = async (
  send: Send,
  socketPath: string,
  options: LibpodCall,
): Promise<Readable> => {
  const { what, timeoutMs = callTimeoutMs, signal } = options;
  // Only the wait for the headers has a deadline; the reader's signal ends the body.
  const whole = new AbortController();
  try {
    const reply = await withDeadline({ what, timeoutMs, signal }, (ownSignal) => {
      ownSignal.addEventListener('abort', () => whole.abort(ownSignal.reason), { once: true });
      return send(options, whole.signal);
    });
    if (reply.statusCode < 300) return reply.body;
    const message = messageIn(await readText(reply.body));
    throw refused(what, { status: reply.statusCode, message });
  } catch (cause) {
    throw asLibpodFailure(what, socketPath, cause);
  }
};

export const asLibpodFailure = (what: string, socketPath: string, cause: unknown): unknown =>
  isSocketFailure(cause) ? unreachableEngine(what, socketPath, cause) : cause;

const queryOf = (query: LibpodCall['query']): string => {
  if (!query) return '';
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of typeof value === 'string' ? [value] : value) parameters.append(name, each);
  }
  return `?${parameters}`;
};

const readText = async (body: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > replyBytesMax) throw invalidReply('read the answer', new Error('too large'));
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const parseJson = (text: string, what: string): unknown => {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidReply(what, cause);
  }
};

const refusalSchema = z.object({ message: z.string().optional(), cause: z.string().optional() });

const messageIn = (text: string): string => {
  try {
    const { message, cause } = refusalSchema.parse(JSON.parse(text));
    return message || cause || text;
  } catch {
    return text;
  }
};
