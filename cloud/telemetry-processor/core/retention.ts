/**
 * For how many days a tenant keeps what: what it chose, within what its tier allows; otherwise the
 * default of its tier. Pure.
 */
export type Retention = {
  /** Samples, and what devices summed up. */
  metricsDays: number;
  hoursDays: number;
  /** Events and the history of reports. */
  eventsDays: number;
  deadLettersDays: number;
};
export type RetentionName = keyof Retention;
export const retentionNames = [
  'metricsDays',
  'hoursDays',
  'eventsDays',
  'deadLettersDays',
] as const satisfies readonly RetentionName[];

type Limits = Record<RetentionName, { default: number; max: number }>;

export const retentionLimits = {
  free: {
    metricsDays: { default: 7, max: 7 },
    hoursDays: { default: 90, max: 90 },
    eventsDays: { default: 30, max: 30 },
    deadLettersDays: { default: 7, max: 7 },
  },
  paid: {
    metricsDays: { default: 30, max: 90 },
    hoursDays: { default: 400, max: 400 },
    eventsDays: { default: 90, max: 400 },
    deadLettersDays: { default: 30, max: 90 },
  },
} as const satisfies Record<'free' | 'paid', Limits>;
export type RetentionTier = keyof typeof retentionLimits;

export type ChosenRetention = { [Name in RetentionName]?: number | null | undefined };

const each = (of: (name: RetentionName) => number): Retention => ({
  metricsDays: of('metricsDays'),
  hoursDays: of('hoursDays'),
  eventsDays: of('eventsDays'),
  deadLettersDays: of('deadLettersDays'),
});

export const retentionOf = (tier: RetentionTier, chosen: ChosenRetention): Retention => {
  const limits: Limits = retentionLimits[tier];
  return each((name) => Math.min(chosen[name] ?? limits[name].default, limits[name].max));
};

/** What is removed whoever it belongs to: nobody keeps it for longer. */
export const longestOf = (retentions: readonly Retention[]): Retention =>
  each((name) =>
    retentions.reduce<number>(
      (longest, retention) => Math.max(longest, retention[name]),
      retentionLimits.paid[name].default,
    ),
  );
