/**
 * How well a device is: 0–100 in four parts, each with the words that say why. Judged from facts
 * alone. What is not known yet is worth half of its part; a device that has been silent for long has
 * no score at all, because nothing is known of it (design §1.7). `dueAt` says when time alone would
 * change the judgement. Pure.
 */

export const partNames = ['freshness', 'reconciliation', 'resources', 'stability'] as const;
export type PartName = (typeof partNames)[number];
export type Part = { points: number; most: number; says: string; isKnown: boolean };

/** Of what the device reports of itself. */
export type ReportedFacts = {
  engine: { reachable: boolean };
  slots: readonly { bundleName: string; status: string }[];
  containers: readonly { bundleName: string; health: string }[];
};
export type HealthFacts = {
  presence: { isOnline: boolean; lastSeenAt: number } | null;
  reported: ReportedFacts | null;
  sample: Strained | null;
  /** Of the last day, in any order. */
  troubles: readonly { type: string; at: number }[];
};
export type Strained = Partial<
  Record<'cpuPercent' | 'memoryPercent' | 'diskPercent', number | null>
>;

export type Health = {
  score: number | null;
  notHeardSince: number | null;
  parts: Record<PartName, Part>;
  strain: string;
  dueAt: number | null;
};

export const healthLimits = {
  /** Silent for longer than this it has no score any more. */
  silentMs: 3_600_000,
  /** What happened before counts no more. */
  troubleMs: 86_400_000,
} as const;

const most = { freshness: 30, reconciliation: 30, resources: 20, stability: 20 } as const;

const part = (name: PartName, points: number, says: string): Part => ({
  points: Math.max(0, Math.min(most[name], Math.round(points))),
  most: most[name],
  says,
  isKnown: true,
});
const unknown = (name: PartName, says: string): Part => ({
  ...part(name, most[name] / 2, says),
  isKnown: false,
});

const freshnessOf = ({ presence }: HealthFacts): Part => {
  if (presence === null) return part('freshness', 0, 'It has never been heard of.');
  return presence.isOnline
    ? part('freshness', most.freshness, 'It is heard of as often as it announced.')
    : part('freshness', 0, 'It has missed three heartbeats that it announced.');
};

/** A few names, and how many more. */
const some = (names: readonly string[]): string =>
  names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

const reconciliationOf = ({ reported }: HealthFacts): Part => {
  const name = 'reconciliation';
  if (reported === null) return unknown(name, 'It has not reported what it runs yet.');
  if (!reported.engine.reachable) {
    return part(name, 0, 'Its container engine does not answer.');
  }
  const ill = reported.containers.filter(({ health }) => health === 'unhealthy');
  const illBundles = new Set(ill.map(({ bundleName }) => bundleName));
  const wanted = reported.slots.filter(({ status }) => status !== 'removed');
  if (wanted.length === 0) return part(name, most[name], 'It is to run nothing.');
  const failed = wanted.filter(({ status }) => status === 'failed');
  const sick = wanted.filter(
    ({ status, bundleName }) => status !== 'failed' && illBundles.has(bundleName),
  );
  const good = wanted.length - failed.length - sick.length;
  const points = (most[name] * good) / wanted.length;
  const of = (slots: readonly { bundleName: string }[]): string =>
    some(slots.map(({ bundleName }) => bundleName));
  if (failed.length > 0) {
    return part(
      name,
      points,
      `${good} of ${wanted.length} bundles are well; failed: ${of(failed)}.`,
    );
  }
  if (sick.length > 0) {
    return part(
      name,
      points,
      `${good} of ${wanted.length} bundles are well; not healthy: ${of(sick)}.`,
    );
  }
  const moving = wanted.filter(({ status }) => status !== 'running');
  return moving.length > 0
    ? part(name, points, `An update of ${of(moving)} is on its way.`)
    : part(name, points, `It runs what it should, ${wanted.length} of ${wanted.length}.`);
};

const gauges = [
  ['cpuPercent', 'processor'],
  ['memoryPercent', 'memory'],
  ['diskPercent', 'disk'],
] as const;
/** From so much on, how many points of the part it costs. */
const strains = [
  { from: 95, costs: 7 },
  { from: 90, costs: 5 },
  { from: 80, costs: 3 },
] as const;

const costOf = (percent: number | null | undefined): number =>
  strains.find(({ from }) => percent != null && percent >= from)?.costs ?? 0;

/** Samples of the same strain are judged alike, so only one that differs needs a judgement. */
export const strainOf = (sample: Strained | null): string =>
  sample === null ? '' : gauges.map(([name]) => costOf(sample[name])).join(' ');

const resourcesOf = ({ sample }: HealthFacts): Part => {
  const name = 'resources';
  if (sample === null) return unknown(name, 'It has not sent a sample yet.');
  const strained = gauges.filter(([gauge]) => costOf(sample[gauge]) > 0);
  if (strained.length === 0) return part(name, most[name], 'It has room to spare.');
  const cost = strained.reduce((sum, [gauge]) => sum + costOf(sample[gauge]), 0);
  const words = strained.map(([gauge, word]) => {
    const level = strains.find(({ costs }) => costs === costOf(sample[gauge]))?.from;
    return `${word} at ${level} % or more`;
  });
  return part(name, most[name] - cost, `It is near its limits: ${words.join(', ')}.`);
};

const troubleCosts: Readonly<Record<string, { costs: number; says: string }>> = {
  'container-died': { costs: 3, says: 'containers that died' },
  'update-failed': { costs: 6, says: 'updates that failed' },
  'engine-down': { costs: 5, says: 'times the engine went away' },
  'disk-floor': { costs: 5, says: 'times the disk was full' },
  'cloned-identity': { costs: 20, says: 'signs of a second device with its identity' },
};
export const troubleTypes = Object.keys(troubleCosts);

const recentOf = ({ troubles }: HealthFacts, now: number) =>
  troubles.filter(
    ({ type, at }) => Object.hasOwn(troubleCosts, type) && at > now - healthLimits.troubleMs,
  );

const stabilityOf = (facts: HealthFacts, now: number): Part => {
  const recent = recentOf(facts, now);
  if (recent.length === 0) return part('stability', most.stability, 'A day without trouble.');
  let cost = 0;
  const counts = new Map<string, number>();
  for (const { type } of recent) {
    const trouble = troubleCosts[type];
    if (trouble === undefined) continue;
    cost += trouble.costs;
    counts.set(trouble.says, (counts.get(trouble.says) ?? 0) + 1);
  }
  const words = [...counts].map(([says, count]) => `${says}: ${count}`);
  return part('stability', most.stability - cost, `In the last day: ${words.join(', ')}.`);
};

/** When the oldest trouble is a day old, or silence has lasted long enough. */
const dueAtOf = (facts: HealthFacts, now: number): number | null => {
  const due = recentOf(facts, now).map(({ at }) => at + healthLimits.troubleMs);
  const { presence } = facts;
  if (presence !== null && !presence.isOnline) {
    const silentAt = presence.lastSeenAt + healthLimits.silentMs;
    if (silentAt > now) due.push(silentAt);
  }
  return due.length === 0 ? null : due.reduce((earliest, at) => Math.min(earliest, at));
};

export const judgeHealth = (facts: HealthFacts, now: number): Health => {
  const { presence } = facts;
  const parts = {
    freshness: freshnessOf(facts),
    reconciliation: reconciliationOf(facts),
    resources: resourcesOf(facts),
    stability: stabilityOf(facts, now),
  };
  const isSilent =
    presence === null || (!presence.isOnline && presence.lastSeenAt + healthLimits.silentMs <= now);
  const score = partNames.reduce((sum, name) => sum + parts[name].points, 0);
  return {
    score: isSilent ? null : score,
    notHeardSince: presence === null || presence.isOnline ? null : presence.lastSeenAt,
    parts,
    strain: strainOf(facts.sample),
    dueAt: dueAtOf(facts, now),
  };
};
