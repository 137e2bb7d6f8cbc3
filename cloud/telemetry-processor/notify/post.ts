/**
 * One POST to a receiver that is not ours: to the address that was judged, bounded in time and in
 * what is read of the answer, and no redirect is followed, since it could lead anywhere.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Outcome } from '../core/sending.ts';
import { findHost, isLoopbackAddress, type Reach } from './reach.ts';
import { whyUnreachable } from './unreachable.ts';

export const answerMsMax = 10_000;
/** Read of an answer at most; what is kept of it is less (./send.ts). */
const answerBytesMax = 16 * 1024;

export type Posting = { url: URL; body: string; headers?: Record<string, string> };
type Answer = { status: number; text: string; retryAfter: string | undefined };

/** A URL that channels may have: https, or http where `reach` knows loopback. */
export const isAllowedUrl = (url: URL, reach: Reach): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' ||
    (url.protocol === 'http:' &&
      reach.loopback &&
      (url.hostname === 'localhost' ||
        isLoopbackAddress(url.hostname.replace(/^\[(.*)\]$/, '$1')))));

const ask = (address: string, posting: Posting, reach: Reach, msMax: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { url, body, headers } = posting;
    const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const asked = request(
      {
        ...{ host: address, path: `${url.pathname}${url.search}`, method: 'POST', agent: false },
        port: url.port === '' ? undefined : Number(url.port),
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...(reach.ca === undefined ? {} : { ca: reach.ca }),
        headers: {
          ...{ host: url.host, 'content-type': 'application/json' },
          ...{ 'content-length': Buffer.byteLength(body), 'user-agent': 'SignalBeam-Edge' },
          ...headers,
        },
        signal: AbortSignal.timeout(msMax),
      },
      (response) => {
        const parts: Buffer[] = [];
        let read = 0;
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).toString('utf8'),
            retryAfter: response.headers['retry-after'],
          });
        response.on('data', (part: Buffer) => {
          parts.push(part.subarray(0, answerBytesMax - read));
          read += part.byteLength;
          if (read < answerBytesMax) return;
          done();
          asked.destroy();
        });
        response.on('end', done);
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });

/** Seconds, or a date; what is neither asks for nothing. */
const retryAfterMs = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};

/** Mistakes of this one message; what else is wrong may be repaired while it is tried again. */
const refusedStatuses = [400, 405, 406, 411, 413, 414, 415, 422];

const judge = ({ status, text, retryAfter }: Answer, now: number): Outcome => {
  const answer = `HTTP ${status}${text.trim() === '' ? '' : `: ${text}`}`;
  if (status >= 200 && status < 300) return { kind: 'delivered', answer };
  if (refusedStatuses.includes(status)) return { kind: 'refused', reason: answer };
  if (status >= 300 && status < 400) {
    return { kind: 'failed', reason: `HTTP ${status}: it redirects, which is not followed.` };
  }
  const asked = retryAfterMs(retryAfter, now);
  return {
    ...{ kind: 'failed', reason: answer },
    ...(asked === undefined ? {} : { retryAfterMs: asked }),
  };
};

export const post = async (
  posting: Posting,
  at: { reach: Reach; now: number; msMax?: number },
): Promise<Outcome> => {
  const { reach, now, msMax = answerMsMax } = at;
  if (!isAllowedUrl(posting.url, reach)) {
    return { kind: 'failed', reason: 'The address must begin with https://.' };
  }
  const found = await findHost(posting.url.hostname, reach);
  if (found.kind === 'unreachable') return { kind: 'failed', reason: found.reason };
  try {
    return judge(await ask(found.address, posting, reach, msMax), now);
  } catch (error) {
    return { kind: 'failed', reason: whyUnreachable(error) };
  }
};
