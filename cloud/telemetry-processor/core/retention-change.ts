/**
 * What another choice of days would remove, told before it is made: of which days, and what is left of
 * them. Counted by whole days in UTC, as the removal is (../store/retention.ts). Pure.
 */
import {
  type ChosenRetention,
  type Retention,
  type RetentionName,
  type RetentionTier,
  retentionNames,
  retentionOf,
} from './retention.ts';

const dayMs = 86_400_000;

export type RetentionChange = {
  name: RetentionName;
  fromDays: number;
  toDays: number;
  /** Null where nothing is removed: it is kept for longer. */
  removed: { fromMs: number; beforeMs: number } | null;
  says: string;
};

const nouns: Record<RetentionName, string> = {
  metricsDays: 'Samples and five-minute values',
  hoursDays: 'Values of hours',
  eventsDays: 'Events and the history of reports',
  deadLettersDays: 'Dead letters',
};

const calendar = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' },
});
const dayOf = (ms: number): string => calendar.format(ms);

const leftOf = (name: RetentionName, before: Retention, after: Retention): string => {
  if (name === 'metricsDays') {
    const finest = after.hoursDays >= before.metricsDays ? 'hours' : 'days';
    return `charts of that time show ${finest} from then on`;
  }
  if (name === 'hoursDays') return 'charts of that time show days from then on';
  if (name === 'eventsDays') return 'alerts and the audit log keep what they tell of it';
  return 'none of them can be tried again after that';
};

/** Only what would be kept for another time than now. */
export const retentionChanges = (
  tier: RetentionTier,
  chosen: { before: ChosenRetention; after: ChosenRetention },
  nowMs: number,
): RetentionChange[] => {
  const before = retentionOf(tier, chosen.before);
  const after = retentionOf(tier, chosen.after);
  const today = nowMs - (nowMs % dayMs);
  return retentionNames.flatMap((name): RetentionChange[] => {
    const [fromDays, toDays] = [before[name], after[name]];
    if (fromDays === toDays) return [];
    const change = { name, fromDays, toDays };
    if (toDays > fromDays) {
      const says = `${nouns[name]} are kept for ${toDays} days from now on; what is gone already does not come back.`;
      return [{ ...change, removed: null, says }];
    }
    const removed = { fromMs: today - fromDays * dayMs, beforeMs: today - toDays * dayMs };
    const which = `from ${dayOf(removed.fromMs)} until the end of ${dayOf(removed.beforeMs - 1)}`;
    const says = `${nouns[name]} ${which} are removed within a day and can't be brought back; ${leftOf(name, before, after)}.`;
    return [{ ...change, removed, says }];
  });
};
