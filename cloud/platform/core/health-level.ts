/** What a health score of 0–100 is called, for who judges it and who asks for it. Pure. */
export const healthLevels = { healthy: 70, degraded: 40 } as const;
export const healthWords = ['healthy', 'degraded', 'critical', 'unknown'] as const;
export type HealthLevel = (typeof healthWords)[number];

/** Null: it was not heard of for so long that nothing is known of it. */
export const levelOf = (score: number | null): HealthLevel => {
  if (score === null) return 'unknown';
  if (score >= healthLevels.healthy) return 'healthy';
  return score >= healthLevels.degraded ? 'degraded' : 'critical';
};

/** From which score on (included) to which (not included). */
export const scoresOf = (level: Exclude<HealthLevel, 'unknown'>): { from: number; to: number } => {
  const { healthy, degraded } = healthLevels;
  if (level === 'healthy') return { from: healthy, to: 101 };
  return level === 'degraded' ? { from: degraded, to: healthy } : { from: 0, to: degraded };
};

/** Judgements of before it was said do not say whether the part is known. */
export type HealthPart = { points: number; most: number; says: string; isKnown?: boolean };
export type WorstPart = { part: string; says: string; isKnown: boolean };

/** The part that costs it most; null when none costs it anything. Of equals the first. */
export const worstPart = (parts: Readonly<Record<string, HealthPart>>): WorstPart | null => {
  const lost = Object.entries(parts)
    .map(([part, { points, most, says, isKnown = true }]) => {
      return { part, says, isKnown, points: most - points };
    })
    .filter(({ points }) => points > 0)
    .toSorted((a, b) => b.points - a.points);
  const [worst] = lost;
  if (worst === undefined) return null;
  const { part, says, isKnown } = worst;
  return { part, says, isKnown };
};
