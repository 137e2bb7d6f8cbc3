/** One POST to a receiver that is not ours, and what its answer means for the message. */
import { type Answer, askOutside } from '@signalbeam/platform/outside/ask';
import type { Reach } from '@signalbeam/platform/outside/reach';
import type { Outcome } from '../core/sending.ts';

export const answerMsMax = 10_000;
/** Read of an answer at most; what is kept of it is less (./send.ts). */
const answerBytesMax = 16 * 1024;

export type Posting = { url: URL; body: string; headers?: Record<string, string> };
/** Seconds, or a date; what is neither asks for nothing. */
const retryAfterMs = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};

/** Mistakes of this one message; what else is wrong may be repaired while it is tried again. */
const refusedStatuses = [400, 405, 406, 411, 413, 414, 415, 422];

const judge = ({ status, headers, body }: Answer, now: number): Outcome => {
  const text = body.toString('utf8');
  const answer = `HTTP ${status}${text.trim() === '' ? '' : `: ${text}`}`;
  if (status >= 200 && status < 300) return { kind: 'delivered', answer };
  if (refusedStatuses.includes(status)) return { kind: 'refused', reason: answer };
  if (status >= 300 && status < 400) {
    return { kind: 'failed', reason: `HTTP ${status}: it redirects, which is not followed.` };
  }
  const asked = retryAfterMs(headers['retry-after'], now);
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
  const { url, body } = posting;
  const headers = { 'content-type': 'application/json', ...posting.headers };
  const limits = { msMax, bytesMax: answerBytesMax };
  const asked = await askOutside({ url, method: 'POST', body, headers }, reach, limits);
  return asked.kind === 'unreachable'
    ? { kind: 'failed', reason: asked.reason }
    : judge(asked.answer, now);
};
