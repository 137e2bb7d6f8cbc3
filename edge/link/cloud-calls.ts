/**
 * HTTP as the agent uses it: deadlines, a limit on every answer, problem documents turned into
 * errors, and one second try with the cloud's own time when a token was refused (a device's clock
 * may be years off).
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { TokenMint } from './device-token.ts';
import { type Answer, type Ask, httpAsk } from './http-ask.ts';

type Call = { method: string; headers: Record<string, string>; body?: string };

const problemBytesMax = 16 * 1024;
const problemSchema = z.object({
  code: z.string().max(64),
  detail: z.string().max(1_000).optional(),
  title: z.string().max(200).optional(),
  next: z.string().max(500).optional(),
});

export const createCalls = (parts: { url: string; mint?: TokenMint; fetch?: Ask }) => {
  const send = parts.fetch ?? httpAsk;

  const once = async (path: string, call: Call, signal: AbortSignal): Promise<Answer> => {
    const proof: Record<string, string> =
      parts.mint === undefined ? {} : { authorization: `Bearer ${parts.mint.token()}` };
    try {
      return await send(new URL(path, parts.url), {
        ...call,
        headers: { ...call.headers, ...proof },
        signal,
      });
    } catch (cause) {
      throw unreachableCloud(parts.url, cause);
    }
  };
  const ask = async (path: string, call: Call, signal: AbortSignal): Promise<Answer> => {
    const reply = await once(path, call, signal);
    const date = Date.parse(reply.headers.get('date') ?? '');
    if (reply.status !== 401 || parts.mint === undefined || Number.isNaN(date)) return reply;
    await reply.body?.cancel();
    parts.mint.correct(date);
    return once(path, call, signal);
  };
  const accepted = async (path: string, call: Call, signal: AbortSignal): Promise<Answer> => {
    const reply = await ask(path, call, signal);
    if (reply.ok) return reply;
    throw await refusalOf(reply, parts.url);
  };

  return {
    json: async (method: string, path: string, body: unknown, deadlineMs: number) => {
      const headers = { 'content-type': 'application/json' };
      const call = { method, headers, body: JSON.stringify(body) };
      return readAll(
        await accepted(path, call, AbortSignal.timeout(deadlineMs)),
        parts.url,
        65_536,
      );
    },
    /** For what is answered by a status alone. */
    remove: async (path: string, deadlineMs: number): Promise<void> => {
      const call = { method: 'DELETE', headers: {} };
      const reply = await accepted(path, call, AbortSignal.timeout(deadlineMs));
      await reply.body?.cancel();
    },
    read: async (path: string, bytesMax: number, deadlineMs: number, signal?: AbortSignal) => {
      const both = joined(AbortSignal.timeout(deadlineMs), signal);
      return readAll(
        await accepted(path, { method: 'GET', headers: {} }, both),
        parts.url,
        bytesMax,
      );
    },
  };
};

const joined = (deadline: AbortSignal, signal: AbortSignal | undefined): AbortSignal =>
  signal === undefined ? deadline : AbortSignal.any([deadline, signal]);

const readAll = async (reply: Answer, url: string, bytesMax: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of reply.body ?? []) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > bytesMax) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw unreachableCloud(url, cause);
  }
  if (sizeBytes <= bytesMax) return Buffer.concat(chunks);
  throw new FleetError(
    'cloud-reply-invalid',
    `The cloud's answer is larger than ${bytesMax} bytes.`,
    {
      next: 'Check that the URL names a SignalBeam cloud.',
    },
  );
};

const refusalOf = async (reply: Answer, url: string): Promise<FleetError> => {
  const text = await readAll(reply, url, problemBytesMax).catch(() => new Uint8Array());
  const problem = parseJson(text, problemSchema, problemBytesMax);
  if (problem.kind === 'refused') {
    return new FleetError('cloud-refused', `The cloud answered ${reply.status}.`, {
      next: 'Check that the URL names a SignalBeam cloud; its log says more.',
    });
  }
  const { code, detail, title, next } = problem.value;
  const said = detail ?? title ?? `it answered ${reply.status}`;
  return new FleetError(code, `The cloud refused: ${said}`, next === undefined ? {} : { next });
};

const unreachableCloud = (url: string, cause: unknown): FleetError => {
  if (cause instanceof FleetError) return cause;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = inner instanceof Error && 'code' in inner ? codeOf(inner) : nameOf(inner);
  return new FleetError(
    'cloud-unreachable',
    `The cloud at ${new URL(url).origin} can't be reached (${code}).`,
    {
      cause,
      next: 'Check the device’s network, the address and the clock; it will be tried again.',
    },
  );
};

const codeOf = (cause: Error & { code: unknown }): string =>
  cause.name === 'TimeoutError' ? 'no answer in time' : String(cause.code);

const nameOf = (cause: unknown): string => (cause instanceof Error ? cause.name : 'unknown');
