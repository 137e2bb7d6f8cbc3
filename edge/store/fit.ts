/**
 * Makes a body fit one row. What explains least goes first: old log lines, then whole log tails,
 * then containers at the end of the list. What was left out is said in the row itself.
 */
import { rowBytesMax } from '@signalbeam/sync/core/limits';
import type { EventBody, ReportedBody } from '@signalbeam/sync/wire/rows';

/** Room for `{"seq":…,"at":…,"body":…}` around the body. */
const bodyBytesMax = rowBytesMax - 80;

const fits = (body: unknown): boolean => Buffer.byteLength(JSON.stringify(body)) <= bodyBytesMax;

export const fitReported = (body: ReportedBody): ReportedBody => {
  if (fits(body)) return body;
  for (const lines of [5, 1, 0]) {
    const slots = body.slots.map((slot) => ({
      ...slot,
      logTail: lines === 0 ? [] : slot.logTail.slice(-lines),
    }));
    const shorter = { ...body, slots };
    if (fits(shorter)) return shorter;
    if (lines === 0) return fewerContainers(shorter);
  }
  return body;
};

const fewerContainers = (body: ReportedBody): ReportedBody => {
  let kept = body.containers.length;
  let fewer = body;
  while (kept > 0 && !fits(fewer)) {
    kept = Math.floor(kept * 0.8);
    const left = body.containers.length - kept;
    const waiting = `${left} containers are left out of this report. ${body.waiting}`.slice(0, 500);
    fewer = { ...body, waiting, containers: body.containers.slice(0, kept) };
  }
  if (fits(fewer)) return fewer;
  return {
    ...fewer,
    slots: fewer.slots.map((slot) => ({ ...slot, reason: slot.reason?.slice(0, 150) ?? null })),
  };
};

/** An event's own limits allow more than a row holds; its data gives way, its message stays. */
export const fitEvent = (body: EventBody): EventBody =>
  fits(body) ? body : { ...body, data: { leftOut: Object.keys(body.data).length } };
