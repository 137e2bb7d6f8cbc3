/**
 * From the bytes of a message to rows ready to be stored, whatever the lane's position: signature,
 * limits, header, each line against its lane's schema, the running hash, and for metrics the bytes
 * of COPY. Nothing here waits or touches a database. A line that does not fit is set aside and
 * still counts: it was written and hashed by the device, so its lane goes on after it.
 */
import { rowBytesMax } from '@signalbeam/sync/core/limits';
import { extendChain } from '@signalbeam/sync/wire/chain';
import { type FrameHeader, unpackFrame } from '@signalbeam/sync/wire/frame';
import {
  backfillBody,
  type EventBody,
  eventBody,
  type GapLine,
  gapLine,
  type MetricsBody,
  metricsBody,
  type ReportedBody,
  reportedBody,
  rowLine,
  type ThinnedBody,
} from '@signalbeam/sync/wire/rows';
import { type Parsed, parseJson } from '@signalbeam/sync/wire/shape';
import { deviceSubjects, parseDeviceSubject } from '@signalbeam/sync/wire/subjects';
import { walkLines } from '../core/lines.ts';
import type { Extent } from '../core/position.ts';
import { metricsRowBytesMax, rowPrefix, writeMetricsRow } from './copy-binary.ts';
import type { FoundDevices, KnownDevice } from './directory.ts';

export type StoredLane = 'metrics' | 'backfill' | 'events' | 'reported';
type Row<Body> = { seq: number; at: number; body: Body };
/** Rows by line; undefined where the line is a gap or was set aside. */
type Rows<Body> = (Row<Body> | undefined)[];

type Samples = {
  copy: Buffer;
  /** Where line `i` starts; a line without a sample takes no bytes. */
  offsets: number[];
  /** The device's time of each line that is a row. */
  times: (number | undefined)[];
};

export type Content =
  | (Samples & { lane: 'metrics'; newest: Row<unknown> | undefined })
  /** Samples that made way for newer ones, as metrics are; and what was summed up, by line. */
  | (Samples & { lane: 'backfill'; thinned: Rows<ThinnedBody> })
  | { lane: 'events'; rows: Rows<EventBody> }
  | { lane: 'reported'; rows: Rows<ReportedBody> };

export type SetAside = { line: number; seq: number; code: string; reason: string; text: string };
export type Gap = { line: number; from: number; to: number; reason: GapLine['gap']['reason'] };

export type DecodedFrame = {
  kind: 'frame';
  device: KnownDevice;
  lane: StoredLane;
  epoch: string;
  receivedAt: number;
  extent: Extent;
  content: Content;
  gaps: Gap[];
  setAside: SetAside[];
};
export type RefusedFrame = {
  kind: 'refused';
  code: string;
  reason: string;
  /** Whose it claims to be, as far as the broker vouches for it. */
  device: KnownDevice | null;
};

const schemas = {
  metrics: rowLine(metricsBody),
  backfill: rowLine(backfillBody),
  events: rowLine(eventBody),
  reported: rowLine(reportedBody),
} as const;
const gapBytesMax = 512;

/** Postgres keeps neither U+0000 nor half a surrogate pair; well-formed text is not escaped so. */
const unstorable = /\\u(0000|d[89a-f])/i;

const refused = (code: string, reason: string, device: KnownDevice | null): RefusedFrame => ({
  kind: 'refused',
  code,
  reason,
  device,
});

type Lines = {
  ends: number[];
  hashes: string[];
  gaps: Gap[];
  setAside: SetAside[];
};

/** One line of a lane, as `sequence` of it: for a row that is tried again. */
export const readLaneRow = (lane: StoredLane, line: string, seq: number) => {
  switch (lane) {
    case 'metrics':
      return readRow<MetricsBody>(schemas.metrics, line, seq);
    case 'backfill':
      return readRow<MetricsBody | ThinnedBody>(schemas.backfill, line, seq);
    case 'events':
      return readRow<EventBody>(schemas.events, line, seq);
    case 'reported':
      return readRow<ReportedBody>(schemas.reported, line, seq);
  }
};

const readRow = <Body>(
  schema: Parameters<typeof parseJson<Row<Body>>>[1],
  line: string,
  seq: number,
): Parsed<Row<Body>> => {
  const row = parseJson(line, schema, rowBytesMax);
  if (row.kind === 'refused') return row;
  if (row.value.seq !== seq) {
    return { kind: 'refused', reason: `it says sequence ${row.value.seq} where ${seq} is due` };
  }
  if (line.includes('\\u') && unstorable.test(JSON.stringify(row.value))) {
    return { kind: 'refused', reason: 'it holds text that is not well-formed' };
  }
  return row;
};

/** Walks the lines in order; `take` gets each row. Says why when a gap line is unreadable. */
const walk = <Body>(
  header: FrameHeader,
  lines: readonly string[],
  schema: Parameters<typeof parseJson<Row<Body>>>[1],
  take: (row: Row<Body> | undefined) => void,
): Lines | { reason: string } => {
  const gaps: Gap[] = [];
  const setAside: SetAside[] = [];
  const walked = walkLines<Gap['reason']>(header, lines, {
    readGap: (line) => parseJson(line, gapLine, gapBytesMax),
    onGap: (line, { from, to, reason }) => {
      gaps.push({ line, from, to, reason });
      take(undefined);
    },
    onRow: (index, line, seq) => {
      const row = readRow(schema, line, seq);
      if (row.kind === 'parsed') return take(row.value);
      const { reason } = row;
      setAside.push({ line: index, seq, code: 'row-refused', reason, text: line });
      take(undefined);
    },
    extend: extendChain,
  });
  if (walked.kind === 'refused') return walked;
  return { ends: walked.ends, hashes: walked.hashes, gaps, setAside };
};

type Walked = { lines: Lines; content: Content } | { reason: string };

/** The bytes of COPY, line by line; a line without a sample takes none. */
const createCopy = (
  header: FrameHeader,
  lines: readonly string[],
  { tenantId, deviceId }: KnownDevice,
  receivedAt: number,
) => {
  const prefix = rowPrefix({ tenantId, deviceId, receivedAt, epoch: header.epoch });
  const target = Buffer.allocUnsafe(lines.length * metricsRowBytesMax);
  const offsets = [0];
  let offset = 0;
  return {
    offsets,
    add: (sample: Row<MetricsBody> | undefined): void => {
      if (sample !== undefined) offset = writeMetricsRow(target, offset, prefix, sample);
      offsets.push(offset);
    },
    bytes: (): Buffer => target.subarray(0, offset),
  };
};

const walkMetrics = (
  header: FrameHeader,
  lines: readonly string[],
  device: KnownDevice,
  receivedAt: number,
): Walked => {
  const copy = createCopy(header, lines, device, receivedAt);
  const times: Samples['times'] = [];
  let newest: Row<unknown> | undefined;
  const walked = walk(header, lines, schemas.metrics, (row) => {
    copy.add(row);
    times.push(row?.at);
    newest = row ?? newest;
  });
  if ('reason' in walked) return walked;
  const { offsets } = copy;
  return {
    lines: walked,
    content: { lane: 'metrics', copy: copy.bytes(), offsets, times, newest },
  };
};

const walkBackfill = (
  header: FrameHeader,
  lines: readonly string[],
  device: KnownDevice,
  receivedAt: number,
): Walked => {
  const copy = createCopy(header, lines, device, receivedAt);
  const times: Samples['times'] = [];
  const thinned: Rows<ThinnedBody> = [];
  const walked = walk(header, lines, schemas.backfill, (row) => {
    const isThinned = row !== undefined && 'stepMs' in row.body;
    copy.add(isThinned ? undefined : (row as Row<MetricsBody> | undefined));
    times.push(row?.at);
    thinned.push(isThinned ? (row as Row<ThinnedBody>) : undefined);
  });
  if ('reason' in walked) return walked;
  const { offsets } = copy;
  return {
    lines: walked,
    content: { lane: 'backfill', copy: copy.bytes(), offsets, times, thinned },
  };
};

const walkLane = (
  header: FrameHeader,
  lines: readonly string[],
  device: KnownDevice,
  receivedAt: number,
): Walked => {
  switch (header.lane) {
    case 'metrics':
      return walkMetrics(header, lines, device, receivedAt);
    case 'backfill':
      return walkBackfill(header, lines, device, receivedAt);
    case 'events': {
      const rows: Rows<EventBody> = [];
      const walked = walk(header, lines, schemas.events, (row) => rows.push(row));
      return 'reason' in walked ? walked : { lines: walked, content: { lane: 'events', rows } };
    }
    case 'reported': {
      const rows: Rows<ReportedBody> = [];
      const walked = walk(header, lines, schemas.reported, (row) => rows.push(row));
      return 'reason' in walked ? walked : { lines: walked, content: { lane: 'reported', rows } };
    }
    case 'logs':
      return { reason: `the lane ${header.lane} is not taken here` };
  }
};

/** Who the broker says this is from, checked against who the device is. */
export const senderOf = (subject: string, devices: FoundDevices): KnownDevice | RefusedFrame => {
  const sender = parseDeviceSubject(subject);
  if (sender === null) return refused('frame-wrong-subject', 'its subject names no device', null);
  const device = devices.get(sender.device) ?? null;
  if (device === null) {
    return refused('device-unknown', 'no such device is registered', null);
  }
  // The first token is the broker's word for the tenant: another tenant's device id is a forgery.
  if (device.tenantKey !== sender.tenantKey) {
    return refused('frame-foreign-tenant', 'the device belongs to another tenant', null);
  }
  if (!device.approved) return refused('device-not-approved', 'the device is not approved', device);
  return device;
};

/** `devices` must hold an answer for the subject's device. */
export const decodeFrame = (
  message: { subject: string; data: Uint8Array },
  devices: FoundDevices,
  receivedAt: number,
): DecodedFrame | RefusedFrame => {
  const device = senderOf(message.subject, devices);
  if ('kind' in device) return device;
  const unpacked = unpackFrame(message.data, device.publicKey);
  if (unpacked.kind === 'refused') return refused(unpacked.code, unpacked.reason, device);
  const { header, lines } = unpacked.frame;
  if (
    header.device !== device.deviceId ||
    message.subject !== `${device.tenantKey}.${deviceSubjects.lane(header.lane, device.deviceId)}`
  ) {
    return refused('frame-wrong-subject', 'it was sent on a subject that is not its own', device);
  }
  const walked = walkLane(header, lines, device, receivedAt);
  if ('reason' in walked) return refused('frame-malformed', walked.reason, device);
  const { ends, hashes, gaps, setAside } = walked.lines;
  const { firstSeq, lastSeq, before, epoch } = header;
  return {
    kind: 'frame',
    device,
    lane: walked.content.lane,
    epoch,
    receivedAt,
    extent: { firstSeq, lastSeq, before, ends, hashes },
    content: walked.content,
    gaps,
    setAside,
  };
};
