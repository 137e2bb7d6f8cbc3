/**
 * One batch, one transaction: positions are locked, `core/position` decides which lines are new,
 * rows, gaps, set-aside rows and domain events are written, positions move, and only after COMMIT
 * does the caller acknowledge. Run again with the same frames it stores nothing twice.
 */
import { type DomainEvent, recordEvents } from '@signalbeam/platform/events/outbox';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Lane } from '@signalbeam/sync/core/lanes';
import type { PoolClient } from 'pg';
import { judgeBatch } from '../core/batch-positions.ts';
import { troubleTypes } from '../core/health.ts';
import { marksOf } from '../core/placement.ts';
import type { Position } from '../core/position.ts';
import { markHealth } from '../store/health.ts';
import { lettersOfRows } from './dead-letters.ts';
import type { DecodedFrame } from './decode.ts';
import type { KnownDevice } from './directory.ts';
import { keepLatest } from './latest.ts';
import {
  copyMetrics,
  type DeadLetter,
  type EventRow,
  type GapRow,
  insertDeadLetters,
  insertEvents,
  insertGaps,
  insertMarks,
  insertThinned,
  type LaneKey,
  laneKeyText,
  lockWatermarks,
  type MarkRow,
  moveWatermarks,
  type ReportedRow,
  storeReported,
  type ThinnedRow,
  type Watermark,
} from './statements.ts';

/** Where a lane stands after the commit, to be told to its device. */
export type LaneStanding = { device: KnownDevice; lane: Lane; epoch: string } & Position;
export type Sample = { device: KnownDevice; at: number; receivedAt: number; body: unknown };
export type Stored = {
  standings: LaneStanding[];
  /** The newest sample of each device that was new. */
  samples: Sample[];
  rows: number;
  /** What came too early: something before it is missing. */
  ahead: ReadonlySet<FrameMessage>;
  outcomes: Record<'new' | 'known' | 'ahead' | 'mismatch', number>;
};
export type FrameMessage = { subject: string; frame: DecodedFrame };

type Gathered = {
  metrics: Buffer[];
  thinned: ThinnedRow[];
  marks: MarkRow[];
  events: EventRow[];
  reported: ReportedRow[];
  gaps: GapRow[];
  letters: DeadLetter[];
  domain: DomainEvent[];
  samples: Map<string, Sample>;
  /** Devices whose health may be another now. */
  health: Set<string>;
};

const keyOf = (frame: DecodedFrame): LaneKey => ({
  deviceId: frame.device.deviceId,
  tenantId: frame.device.tenantId,
  lane: frame.lane,
  epoch: frame.epoch,
});

/** The batch's lanes, each once, in the order in which they came. */
const lanesOf = (messages: readonly FrameMessage[]): LaneKey[] => {
  const keys = new Map<string, LaneKey>();
  for (const { frame } of messages) {
    const key = keyOf(frame);
    if (!keys.has(laneKeyText(key))) keys.set(laneKeyText(key), key);
  }
  return [...keys.values()];
};

const gatherMarks = (into: Gathered, frame: DecodedFrame, fromLine: number): void => {
  const { device, lane, epoch, receivedAt, extent, content } = frame;
  if (content.lane !== 'metrics' && content.lane !== 'backfill') return;
  const rows: { seq: number; at: number }[] = [];
  for (let line = fromLine; line < content.times.length; line += 1) {
    const [seq, at] = [extent.ends[line], content.times[line]];
    if (seq !== undefined && at !== undefined) rows.push({ seq, at });
  }
  const { tenantId, deviceId } = device;
  for (const mark of marksOf(rows, receivedAt)) {
    into.marks.push({ tenantId, deviceId, lane, epoch, receivedAt, ...mark });
  }
};

const gatherContent = (
  into: Gathered,
  frame: DecodedFrame,
  fromLine: number,
  watermark: Watermark,
): void => {
  const { device, epoch, receivedAt, content } = frame;
  const { tenantId, deviceId } = device;
  const who = { tenantId, deviceId, epoch, receivedAt };
  switch (content.lane) {
    case 'metrics': {
      const piece = content.copy.subarray(content.offsets[fromLine]);
      if (piece.byteLength > 0) into.metrics.push(piece);
      const { newest } = content;
      if (newest !== undefined && newest.seq > watermark.upTo) {
        into.samples.set(deviceId, { device, at: newest.at, receivedAt, body: newest.body });
      }
      return;
    }
    case 'backfill': {
      const piece = content.copy.subarray(content.offsets[fromLine]);
      if (piece.byteLength > 0) into.metrics.push(piece);
      for (const row of content.thinned.slice(fromLine)) {
        if (row !== undefined) into.thinned.push({ ...who, seq: row.seq, at: row.at, ...row.body });
      }
      return;
    }
    case 'events':
      for (const row of content.rows.slice(fromLine)) {
        if (row === undefined) continue;
        if (troubleTypes.includes(row.body.type)) into.health.add(deviceId);
        into.events.push({ ...who, seq: row.seq, at: row.at, ...row.body });
        into.domain.push({
          tenantId,
          type: 'device.event',
          subject: `signalbeam.devices.events.${deviceId}`,
          data: { deviceId, epoch, seq: row.seq, at: row.at, receivedAt, ...row.body },
        });
      }
      return;
    case 'reported':
      for (const row of content.rows.slice(fromLine)) {
        if (row === undefined) continue;
        const { seq, at, body } = row;
        into.health.add(deviceId);
        into.reported.push({ ...who, seq, at, body, opened: watermark.opened });
        into.domain.push({
          tenantId,
          type: 'device.reported',
          subject: `signalbeam.devices.status.${deviceId}`,
          data: {
            deviceId,
            receivedAt: new Date(receivedAt).toISOString(),
            epoch,
            seq,
            reported: body,
          },
        });
      }
  }
};

const gatherGaps = (
  into: Gathered,
  { subject, frame }: FrameMessage,
  fromLine: number,
  fromSeq: number,
): void => {
  const { device, lane, epoch, receivedAt } = frame;
  const who = { tenantId: device.tenantId, deviceId: device.deviceId, lane, epoch, receivedAt };
  for (const gap of frame.gaps) {
    if (gap.line < fromLine) continue;
    into.gaps.push({ ...who, from: Math.max(gap.from, fromSeq), to: gap.to, reason: gap.reason });
  }
  for (const row of frame.setAside) {
    if (row.line < fromLine) continue;
    into.gaps.push({ ...who, from: row.seq, to: row.seq, reason: 'refused' });
  }
  into.letters.push(...lettersOfRows(subject, frame, fromLine));
};

type Positions = Map<string, Watermark & { moved: boolean }>;

const gather = (
  messages: readonly FrameMessage[],
  watermarks: ReadonlyMap<string, Watermark>,
  outcomes: Stored['outcomes'],
): { gathered: Gathered; positions: Positions; rows: number; ahead: Set<FrameMessage> } => {
  const gathered: Gathered = {
    metrics: [],
    thinned: [],
    marks: [],
    events: [],
    reported: [],
    gaps: [],
    letters: [],
    domain: [],
    samples: new Map(),
    health: new Set(),
  };
  const ahead = new Set<FrameMessage>();
  const keyed = messages.map(({ frame }) => ({ key: laneKeyText(keyOf(frame)), ...frame }));
  const { decisions, before, after } = judgeBatch(keyed, watermarks);
  let rows = 0;
  for (const [index, message] of messages.entries()) {
    const { frame } = message;
    const decision = decisions[index];
    const watermark = before[index];
    if (decision === undefined || watermark === undefined) continue;
    outcomes[decision.kind] += 1;
    if (decision.kind === 'ahead') ahead.add(message);
    if (decision.kind !== 'new') continue;
    gatherContent(gathered, frame, decision.fromLine, watermark);
    gatherMarks(gathered, frame, decision.fromLine);
    gatherGaps(gathered, message, decision.fromLine, decision.fromSeq);
    rows += frame.extent.ends.length - decision.fromLine;
  }
  return { gathered, positions: after, rows, ahead };
};

const write = async (client: PoolClient, gathered: Gathered): Promise<void> => {
  await copyMetrics(client, gathered.metrics);
  await insertThinned(client, gathered.thinned);
  await insertMarks(client, gathered.marks);
  await insertEvents(client, gathered.events);
  await storeReported(client, gathered.reported);
  await insertGaps(client, gathered.gaps);
  await markHealth(client, gathered.health);
  await recordEvents(client, gathered.domain);
  await keepLatest(client, [...gathered.samples.values()]);
};

/** Over a pool with the role `sb_ingest`. `letters` are refused messages to keep with the batch. */
export const storeBatch = (
  pool: Pool,
  messages: readonly FrameMessage[],
  letters: readonly DeadLetter[],
): Promise<Stored> => {
  const outcomes = { new: 0, known: 0, ahead: 0, mismatch: 0 };
  if (messages.length === 0 && letters.length === 0) {
    return Promise.resolve({ standings: [], samples: [], rows: 0, ahead: new Set(), outcomes });
  }
  return transaction(pool, async (client) => {
    const keys = lanesOf(messages);
    const watermarks = keys.length === 0 ? new Map() : await lockWatermarks(client, keys);
    const { gathered, positions, rows, ahead } = gather(messages, watermarks, outcomes);
    await write(client, gathered);
    await insertDeadLetters(client, [...letters, ...gathered.letters]);
    const devices = new Map(messages.map(({ frame }) => [frame.device.deviceId, frame.device]));
    const standings: LaneStanding[] = [];
    const moved: (LaneKey & Position)[] = [];
    for (const key of keys) {
      const position = positions.get(laneKeyText(key));
      const device = devices.get(key.deviceId);
      if (position === undefined || device === undefined) continue;
      const { upTo, hash } = position;
      standings.push({ device, lane: key.lane as Lane, epoch: key.epoch, upTo, hash });
      if (position.moved) moved.push({ ...key, upTo, hash });
    }
    await moveWatermarks(client, moved);
    return { standings, samples: [...gathered.samples.values()], rows, ahead, outcomes };
  });
};
