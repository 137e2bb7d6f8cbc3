/**
 * Which channels a notice is queued for. Pure: `(known, now) → steps`. Nothing is queued twice (the
 * table's key holds that), nothing older than it would be tried for, nothing from before a channel
 * was made, and no news of an alert that a channel has already heard the end of.
 */
import { type Happening, type Hears, isHeard, type Notice } from './notice.ts';

const hourMs = 3_600_000;
/** How long a delivery is tried before it is given up, and visibly so. */
export const deliveryAgeMsMax = 24 * hourMs;
/** What may wait for one channel; more is counted and not kept, so that one dead address fills no disk. */
export const waitingMax = 5_000;

export type Listener = {
  channelId: string;
  hears: Hears;
  enabled: boolean;
  createdAt: number;
  /** How many deliveries wait for it. */
  waiting: number;
  /** What it was told of this alert before; empty for other notices. */
  earlier: readonly { happening: Happening; occurredAtMs: number; sent: boolean }[];
};

export type HearingStep =
  | { kind: 'queue'; channelId: string }
  | { kind: 'pass-over'; channelId: string; reason: string }
  | { kind: 'drop'; channelId: string };

/** Silenced news is not sent, but for the end of what was sent: an incident must not stay open for ever. */
const isSilent = ({ about }: Notice, { earlier }: Listener): boolean =>
  about.kind === 'alert' &&
  about.silenced &&
  !(about.happening === 'resolved' && earlier.some(({ sent }) => sent));

const isOver = ({ about, occurredAtMs }: Notice, { earlier }: Listener): boolean =>
  about.kind === 'alert' &&
  about.happening !== 'resolved' &&
  earlier.some((told) => told.happening === 'resolved' && told.occurredAtMs >= occurredAtMs);

const stepFor = (notice: Notice, listener: Listener): HearingStep | null => {
  const { channelId, enabled, createdAt, hears } = listener;
  if (!enabled || createdAt > notice.occurredAtMs || !isHeard(hears, notice)) return null;
  if (isSilent(notice, listener)) return null;
  if (listener.waiting >= waitingMax) return { kind: 'drop', channelId };
  return isOver(notice, listener)
    ? { kind: 'pass-over', channelId, reason: 'It was over before this could be sent.' }
    : { kind: 'queue', channelId };
};

export const planHearing = (
  known: { notice: Notice; listeners: readonly Listener[] },
  now: number,
): HearingStep[] => {
  if (known.notice.occurredAtMs < now - deliveryAgeMsMax) return [];
  return known.listeners.flatMap((listener) => stepFor(known.notice, listener) ?? []);
};
