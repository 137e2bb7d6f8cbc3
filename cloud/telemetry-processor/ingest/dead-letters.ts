/**
 * What becomes of messages and rows that can't be taken: kept whole, once each, within a budget per
 * subject, so that a device (or somebody on its broker account) can't fill the disk with rubbish.
 * What exceeds the budget is counted only.
 */
import { createHash } from 'node:crypto';
import type { DecodedFrame, RefusedFrame } from './decode.ts';
import type { DeadLetter } from './statements.ts';

const perSubjectMax = 20;
const windowMs = 60_000;
const payloadBytesMax = 16 * 1024;
const reasonLengthMax = 500;

export type LetterBudget = (subject: string, nowMs: number) => boolean;

/** True while a subject may still have a letter kept in this minute. */
export const createLetterBudget = (): LetterBudget => {
  const spent = new Map<string, number>();
  let until = 0;
  return (subject, nowMs) => {
    if (nowMs >= until) {
      spent.clear();
      until = nowMs + windowMs;
    }
    const count = (spent.get(subject) ?? 0) + 1;
    spent.set(subject, count);
    return count <= perSubjectMax;
  };
};

/** It may repeat what was sent: the name of an unknown field, say, with what Postgres keeps in no text. */
const reasonText = (reason: string): string =>
  reason.replaceAll('\0', '\u2400').slice(0, reasonLengthMax).toWellFormed();

const digestOf = (code: string, subject: string, payload: Uint8Array): string =>
  createHash('sha256').update(`${code}\n${subject}\n`).update(payload).digest('hex');

export const letterOfFrame = (
  message: { subject: string; data: Uint8Array },
  frame: RefusedFrame,
  nowMs: number,
): DeadLetter => {
  const payload = message.data.subarray(0, payloadBytesMax);
  return {
    tenantId: frame.device?.tenantId ?? null,
    deviceId: frame.device?.deviceId ?? null,
    subject: message.subject.slice(0, 500),
    lane: null,
    epoch: null,
    seq: null,
    code: frame.code,
    reason: reasonText(frame.reason),
    payload,
    digest: digestOf(frame.code, message.subject, payload),
    at: nowMs,
  };
};

/** The rows of a frame that did not fit their schema, from line `fromLine` on. */
export const lettersOfRows = (
  subject: string,
  frame: DecodedFrame,
  fromLine: number,
): DeadLetter[] =>
  frame.setAside
    .filter((row) => row.line >= fromLine)
    .map((row) => {
      const payload = Buffer.from(row.text).subarray(0, payloadBytesMax);
      return {
        tenantId: frame.device.tenantId,
        deviceId: frame.device.deviceId,
        subject,
        lane: frame.lane,
        epoch: frame.epoch,
        seq: row.seq,
        code: row.code,
        reason: reasonText(row.reason),
        payload,
        digest: digestOf(`row ${frame.epoch} ${row.seq}`, subject, payload),
        at: frame.receivedAt,
      };
    });
