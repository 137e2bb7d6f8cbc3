/**
 * What a wave's gate asks for beside confirmations: a health score of its devices and that no alert was
 * raised on them. As with confirmations, silence proves nothing: a device without a score that is newer
 * than its confirmation is not well, and what nobody looked at is missing. Pure.
 */
import type { Progress } from './rollout.ts';
import type { Gate } from './wave.ts';
import { part } from './wave-gate.ts';

/** What was seen of a wave's devices when it was last looked at. */
export type Evidence = {
  /** Confirmed, and with a score since then that is high enough. */
  well: number;
  /** With a score since then that is too low. */
  unwell: number;
  /** A few of those that confirmed and are not well, the worst first; null: no score since. */
  lacking: readonly { deviceId: string; score: number | null }[];
  /** Open ones that were raised on its devices since it began. */
  alerts: number;
  /** The first few of them. */
  alertIds: readonly string[];
  /** When the last of those that are over ended. */
  alertsEndedAtMs: number | null;
};

export type Lack = { kind: 'health'; missing: number } | { kind: 'alerts'; open: number };

export const asksForEvidence = ({ healthScoreMin, alertFreeFrom }: Gate): boolean =>
  healthScoreMin !== null || alertFreeFrom !== null;

type Judged = { gate: Gate; counts: Progress; evidence: Evidence | null };

/** Of a wave of which enough devices confirmed: what still keeps its gate shut. */
export const lackOf = ({ gate, counts, evidence }: Judged): Lack | null => {
  if (gate.alertFreeFrom !== null && (evidence === null || evidence.alerts > 0)) {
    return { kind: 'alerts', open: evidence?.alerts ?? 0 };
  }
  if (gate.healthScoreMin === null) return null;
  const size = counts.total - counts.cancelled - counts.rolledBack;
  const all = part(size, gate.succeededPercentMin);
  // Where the unreached are left out, fewer confirmed than that.
  const needed =
    counts.succeeded >= all ? all : part(size - counts.unreached, gate.succeededPercentMin);
  const missing = needed - (evidence?.well ?? 0);
  return missing > 0 ? { kind: 'health', missing } : null;
};
