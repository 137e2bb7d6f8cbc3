/**
 * Packs rows of a lane into one frame that fits the wire. How well rows compress is learned from the
 * last frame of the lane, so that the next one is rarely too large; a frame that is gets split.
 */
import type { Lane } from '@signalbeam/sync/core/lanes';
import { frameBytesMax } from '@signalbeam/sync/core/limits';
import type { Signer } from '@signalbeam/sync/wire/keys';
import type { LaneRow } from '../store/lane-statements.ts';
import type { LaneStore } from '../store/lanes.ts';
import type { UplinkCodec } from './codec.ts';

export type PackedFrame = { bytes: Uint8Array; lastSeq: number; rows: number };

/** Room for the next frame to compress a little worse than the last one. */
const aimBytes = frameBytesMax * 0.8;
/** Half of what a frame may unpack to: the header and longer characters need room too. */
const plainBytesMax = 256 * 1024;

export const createFramePacker = (parts: {
  deviceId: string;
  signer: Signer;
  codec: Pick<UplinkCodec, 'packFrame'>;
  now: () => number;
}) => {
  const ratios = new Map<Lane, number>();

  const pack = (lane: Lane, epoch: string, before: string, rows: LaneRow[]): PackedFrame => {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) throw new Error('a frame has rows');
    const header = {
      device: parts.deviceId,
      lane,
      epoch,
      firstSeq: first.firstSeq,
      lastSeq: last.seq,
      before,
      rows: rows.length,
      sentAt: parts.now(),
    };
    const frame = { header, lines: rows.map(({ line }) => line) };
    const bytes = parts.codec.packFrame(frame, parts.signer);
    ratios.set(lane, plainBytes(rows) / bytes.byteLength);
    if (bytes.byteLength <= frameBytesMax || rows.length === 1) {
      return { bytes, lastSeq: last.seq, rows: rows.length };
    }
    return pack(lane, epoch, before, rows.slice(0, Math.ceil(rows.length / 2)));
  };

  /** What was planned is there: rows are only forgotten by those who plan. */
  return (
    store: LaneStore,
    wanted: { lane: Lane; epoch: string; afterSeq: number; rowsMax: number; upTo: number },
  ): PackedFrame => {
    const { lane, epoch, afterSeq, rowsMax, upTo } = wanted;
    const budget = Math.min(plainBytesMax, aimBytes * (ratios.get(lane) ?? 3));
    // A gap line is one row of many numbers, so rows alone don't say where to end.
    const sendable = store.peek(lane, afterSeq, rowsMax).filter(({ seq }) => seq <= upTo);
    const rows = withinBudget(sendable, budget);
    const first = rows[0];
    if (first === undefined || store.head(lane).epoch !== epoch) {
      throw new Error(`${lane} has no rows after ${afterSeq} in epoch ${epoch}`);
    }
    const before = store.hashAt(lane, first.firstSeq - 1);
    if (before === null) throw new Error(`${lane} has a hole before ${first.firstSeq}`);
    return pack(lane, epoch, before, rows);
  };
};

const plainBytes = (rows: readonly LaneRow[]): number =>
  rows.reduce((sum, { line }) => sum + Buffer.byteLength(line) + 1, 0);

/** At least one row, then as many as the budget holds. */
const withinBudget = (rows: LaneRow[], budget: number): LaneRow[] => {
  let bytes = 0;
  const end = rows.findIndex(({ line }, index) => {
    bytes += Buffer.byteLength(line) + 1;
    return index > 0 && bytes > budget;
  });
  return end === -1 ? rows : rows.slice(0, end);
};
