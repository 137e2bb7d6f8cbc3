/** What a look ahead knows of a rollout that is not made, for the parts of it that are said: ./preview.ts. */
import type { ToFetch, Weighed } from '../core/fetch-size.ts';
import type { DeviceOutlook } from '../store/rollout-foresight.ts';
import type { Targeted } from '../store/rollout-targets.ts';
import type { PlannedRollout, RolloutWish } from './plan.ts';
import type { Calendar } from './windows.ts';

export type Named = { deviceId: string; name: string };

export type Look = {
  nowMs: number;
  wish: RolloutWish;
  planned: PlannedRollout;
  outlook: ReadonlyMap<string, DeviceOutlook>;
  fetches: (deviceId: string) => ToFetch;
  target: Weighed;
  soakMs: number;
  usualMs: number | null;
  approvalByAnother: boolean;
  calendar: Calendar;
};

const unknownDevice = (deviceId: string): DeviceOutlook => ({
  ...{ deviceId, presence: 'never', reported: false, runs: false, running: [] },
  ...{ busyWith: null, isFull: false, waits: null },
});
export const about = ({ outlook }: Look, { deviceId }: Targeted): DeviceOutlook =>
  outlook.get(deviceId) ?? unknownDevice(deviceId);

/** When it would begin, were it made now. */
export const beginOf = ({ nowMs, wish: { startAt } }: Look): number =>
  Math.max(nowMs, startAt === null ? nowMs : Date.parse(startAt));

/** What a device takes beside its soak where no rollout of the bundle says so. */
export const assumedWorkMs = 60_000;
