/**
 * One request to an address that a tenant chose: to the host that was judged, bounded in time and in
 * what is read of the answer. No redirect is followed, since it could lead anywhere.
 */
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { findHost, isAllowedUrl, type Reach } from './reach.ts';
import { whyUnreachable } from './unreachable.ts';

export type Question = {
  url: URL;
  method: string;
  body: string | null;
  headers: Readonly<Record<string, string>>;
};
export type Limits = { msMax: number; bytesMax: number };
export type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** There was more than may be read. */
  cut: boolean;
};
export type Asked =
  | { kind: 'answered'; answer: Answer }
  /** In words, for whoever chose the address. */
  | { kind: 'unreachable'; reason: string };

const ask = (address: string, question: Question, reach: Reach, limits: Limits): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { url, method, body, headers } = question;
    const { msMax, bytesMax } = limits;
    const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    let answered = false;
    const asked = request(
      {
        ...{ host: address, path: `${url.pathname}${url.search}`, method, agent: false },
        port: url.port === '' ? undefined : Number(url.port),
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...(reach.ca === undefined ? {} : { ca: reach.ca }),
        headers: {
          ...{ 'user-agent': 'SignalBeam-Edge', ...headers, host: url.host },
          ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
        signal: AbortSignal.timeout(msMax),
      },
      (response) => {
        answered = true;
        const parts: Buffer[] = [];
        let read = 0;
        const done = (): void =>
          resolve({
            ...{ status: response.statusCode ?? 0, headers: response.headers },
            ...{ body: Buffer.concat(parts), cut: read > bytesMax },
          });
        response.on('data', (part: Buffer) => {
          parts.push(part.subarray(0, bytesMax - read));
          read += part.byteLength;
          if (read <= bytesMax) return;
          done();
          asked.destroy();
        });
        response.on('end', done);
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    // Who switches to another protocol (101) is hung up on, and neither answers nor fails.
    asked.on('close', () => {
      if (!answered) reject(new Error('closed without an answer'));
    });
    asked.end(body ?? undefined);
  });

export const askOutside = async (
  question: Question,
  reach: Reach,
  limits: Limits,
): Promise<Asked> => {
  const { url } = question;
  if (!isAllowedUrl(url, reach)) {
    return { kind: 'unreachable', reason: 'The address must begin with https://.' };
  }
  const found = await findHost(url.hostname, reach);
  if (found.kind === 'unreachable') return found;
  try {
    return { kind: 'answered', answer: await ask(found.address, question, reach, limits) };
  } catch (error) {
    return { kind: 'unreachable', reason: whyUnreachable(error) };
  }
};

/** Statuses whose `Response` may have no body. */
const bodiless = [101, 204, 205, 304];

const single = (headers: IncomingHttpHeaders): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  );

/** What libraries take for `fetch`, under the same rules; what can't be reached is thrown, in words. */
export const fetchOutside =
  (reach: Reach, limits: Limits) =>
  async (
    url: string,
    init: { method?: string; body?: unknown; headers?: ConstructorParameters<typeof Headers>[0] },
  ): Promise<Response> => {
    const { method = 'GET', body, headers } = init;
    const question: Question = {
      ...{ url: new URL(url), method, headers: Object.fromEntries(new Headers(headers)) },
      body: body === undefined || body === null ? null : String(body),
    };
    const asked = await askOutside(question, reach, limits);
    if (asked.kind === 'unreachable') throw new Error(asked.reason);
    const { answer } = asked;
    if (answer.cut) throw new Error(`Its answer is larger than ${limits.bytesMax} bytes.`);
    const content = bodiless.includes(answer.status) ? null : new Uint8Array(answer.body);
    return new Response(content, { status: answer.status, headers: single(answer.headers) });
  };
