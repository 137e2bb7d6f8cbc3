/** What a look ahead knows of a rollout that is not made, for the parts of it that are said: ./preview.ts. */
import type { Weighed } from '../core/fetch-size.ts';
import type { DeviceOutlook } from '../store/rollout-foresight.ts';
import type { Targeted } from '../store/rollout-targets.ts';
import type { PlannedRollout, PlannedWave, RolloutWish } from './plan.ts';
import type { Calendar } from './windows.ts';

export type Named = { deviceId: string; name: string };

/** A device of it, as it stands, and what it would fetch. */
export type Seen = { device: Targeted; outlook: DeviceOutlook; bytes: number };
export type SeenWave = { wish: PlannedWave['wish']; devices: readonly Seen[] };

export type Look = {
  nowMs: number;
  wish: RolloutWish;
  planned: Omit<PlannedRollout, 'waves'>;
  waves: readonly SeenWave[];
  target: Weighed;
  soakMs: number;
  usualMs: number | null;
  approvalByAnother: boolean;
  calendar: Calendar;
};

export const seenOf = ({ waves }: Look): Seen[] => waves.flatMap(({ devices }) => devices);

/** When it would begin, were it made now. */
export const beginOf = ({ nowMs, wish: { startAt } }: Look): number =>
  Math.max(nowMs, startAt === null ? nowMs : Date.parse(startAt));

/** What a device takes beside its soak where no rollout of the bundle says so. */
export const assumedWorkMs = 60_000;
