/**
 * `Idempotency-Key` on POST: the first request with a key is carried out, a repeat gets its answer.
 * A change is never made twice with one key, also when the process died in between; then the repeat
 * learns that the answer was lost. What was refused without a change frees its key.
 */
import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Kek } from '../keys/kek.ts';
import { withCommitMark } from '../postgres/commit-mark.ts';
import {
  claimKey,
  heldMs,
  holdKey,
  type IdempotencyKey,
  keepAnswer,
  markUsed,
  releaseKey,
} from '../postgres/idempotency-keys.ts';
import type { Pool } from '../postgres/pool.ts';
import { type ApiEnv, actorOf } from './caller.ts';
import { problemBody, problemResponse, refusal } from './problem.ts';

export const idempotencyHeader = 'Idempotency-Key';
export const keyPattern = '^[!-~]{1,200}$';
/** An answer beyond this is not kept; its repeat learns that it was lost. */
const answerBytesMax = 256 * 1024;
const keptHeaders = ['content-type', 'location', 'etag'];

const answerSchema = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

const contextOf = ({ tenantId, caller, key }: IdempotencyKey): string =>
  `idempotency:${JSON.stringify([tenantId, caller, key])}`;

const replay = (opened: Buffer): Response => {
  const { status, headers, body } = answerSchema.parse(JSON.parse(opened.toString()));
  const bytes = Buffer.from(body, 'base64');
  return new Response(bytes.byteLength === 0 ? null : bytes, {
    status,
    headers: { ...headers, 'idempotency-replayed': 'true' },
  });
};

const inProgress = (): Response =>
  problemResponse(
    problemBody('request-in-progress', 'A request with this idempotency key is being carried out.'),
    { 'retry-after': '1' },
  );

const answerLost = (): Response =>
  problemResponse(
    problemBody(
      'answer-lost',
      'The request with this idempotency key was carried out, but its answer was lost; it is not carried out again.',
      { next: 'Read what it was to change.' },
    ),
  );

const hashOf = (method: string, url: string, type: string, body: ArrayBuffer): Buffer => {
  const { pathname, search } = new URL(url);
  const head = JSON.stringify([method, pathname, search, type]);
  return createHash('sha256').update(head).update('\n').update(new Uint8Array(body)).digest();
};

const readAnswer = async (response: Response): Promise<Buffer | null> => {
  const body = Buffer.from(await response.clone().arrayBuffer());
  if (body.byteLength > answerBytesMax) return null;
  const headers = keptHeaders.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const answer: z.infer<typeof answerSchema> = {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: body.toString('base64'),
  };
  return Buffer.from(JSON.stringify(answer));
};

export const createIdempotency = (options: {
  system: Pool;
  kek: Kek;
  now: () => number;
}): MiddlewareHandler<ApiEnv> => {
  const { system, kek } = options;
  return async (c, next) => {
    const key = c.req.header(idempotencyHeader);
    const { authentication } = c.var;
    if (key === undefined || authentication.kind !== 'known') return next();
    if (!new RegExp(keyPattern).test(key)) {
      throw refusal('invalid-request', 'The idempotency key is not usable.', {
        errors: [{ path: idempotencyHeader, message: '1 to 200 visible ASCII characters' }],
      });
    }
    const { caller } = authentication;
    const of = { tenantId: caller.tenantId, caller: actorOf(caller), key };
    const context = contextOf(of);
    const type = c.req.header('content-type') ?? '';
    const hash = hashOf(c.req.method, c.req.url, type, await c.req.arrayBuffer());
    const taken = await claimKey(system, of, kek.seal(hash, context), options.now());
    if (taken.kind === 'taken') {
      if (!kek.open(taken.request, context).equals(hash)) {
        throw refusal('idempotency-key-reused', 'This idempotency key came with another request.', {
          next: 'Use a new key for each request, and the same one only for its repeats.',
        });
      }
      if (taken.answer !== null) return replay(kek.open(taken.answer, context));
      return taken.isHeld ? inProgress() : answerLost();
    }
    const { claim } = taken;
    const holding = setInterval(() => {
      holdKey(system, of, claim, options.now()).catch((error) =>
        c.var.log.warn({ error }, 'an idempotency key could not be held'),
      );
    }, heldMs / 3);
    await withCommitMark(markUsed(of, claim), next).finally(() => clearInterval(holding));
    const { status } = c.res;
    if (status >= 400 && (await releaseKey(system, of, claim))) return;
    const answer = status >= 500 ? null : await readAnswer(c.res);
    if (answer !== null) await keepAnswer(system, of, claim, kek.seal(answer, context));
  };
};
