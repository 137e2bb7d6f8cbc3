/**
 * Keeps an approved device's enrolment in step with the cloud. As long as nothing speaks against the
 * one it has, it asks nothing; once something does (its site's roster is without it, a broker
 * refuses it, it has been cut off for a while) it asks the cloud over HTTPS, by whatever path is
 * open, until that has been settled. Invariants: a hint from the network only ever makes it ask;
 * what it has stays in force until another is written down.
 */
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import { type Approved, writeRegistration } from '../store/enrolment.ts';
import { type ApprovalParts, askEnrolment, type Believer } from './approval.ts';

/** What speaks against the enrolment at hand. */
export type Doubt = 'left' | 'outdated' | 'refused' | 'unlinked';

type Pace = { firstMs: number; maxMs: number; growth: number };
/**
 * A link that is down is mostly just that: then it is asked rarely, so that an outage of the hub
 * does not become one of the cloud's HTTP.
 */
const paces: Record<Doubt, Pace> = {
  left: { firstMs: 2_000, maxMs: 300_000, growth: 1.5 },
  outdated: { firstMs: 2_000, maxMs: 300_000, growth: 1.5 },
  refused: { firstMs: 2_000, maxMs: 300_000, growth: 1.5 },
  unlinked: { firstMs: 30_000, maxMs: 900_000, growth: 2 },
};
const urgency: readonly Doubt[] = ['left', 'outdated', 'refused', 'unlinked'];

/** How long until the next question; null while nothing is in doubt. */
export const askAfterMs = (doubts: ReadonlySet<Doubt>, asked: number): number | null => {
  const worst = urgency.find((each) => doubts.has(each));
  if (worst === undefined) return null;
  const { firstMs, maxMs, growth } = paces[worst];
  return Math.min(maxMs, firstMs * growth ** Math.min(asked, 32));
};

export type EnrolmentFollower = {
  /** Something speaks against the enrolment, or no longer does. */
  doubt(what: Doubt, holds: boolean): void;
  /** Another enrolment, written down already. */
  next: Promise<Approved>;
  stop(): void;
};

export const followEnrolment = (
  parts: Omit<ApprovalParts, 'registered' | 'askEveryMs'> & {
    known: Approved;
    believer: Believer;
    timers?: Timers;
  },
): EnrolmentFollower => {
  const { known, random, log, timers = systemTimers } = parts;
  const doubts = new Set<Doubt>();
  const found = Promise.withResolvers<Approved>();
  let asked = 0;
  let busy = false;
  let stopped = false;
  let cancel = (): void => {};

  const later = (): void => {
    cancel();
    const delayMs = stopped || busy ? null : askAfterMs(doubts, asked);
    if (delayMs === null) return;
    cancel = timers.after(delayMs * (0.5 + random()), () => void look(), 'background');
  };
  const look = async (): Promise<void> => {
    busy = true;
    const next = await askEnrolment({ ...parts, registered: known });
    busy = false;
    asked += 1;
    if (stopped) return;
    if (next.status !== 'approved' || !differs(known, next)) return later();
    stopped = true;
    writeRegistration(parts.folder, next);
    parts.onChange(next);
    log('info', 'A new enrolment is in use', { from: known.site, to: next.site });
    found.resolve(next);
  };
  return {
    doubt: (what, holds) => {
      if (holds === doubts.has(what)) return;
      if (holds) doubts.add(what);
      else doubts.delete(what);
      asked = 0;
      later();
    },
    next: found.promise,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};

/** From before there were records of roots: its credentials don't reach the site's records either. */
export const isOutdated = ({ enrolment }: Approved): boolean => !('root' in enrolment.records);

const differs = (known: Approved, next: Approved): boolean =>
  next.site !== known.site || (isOutdated(known) && !isOutdated(next));
