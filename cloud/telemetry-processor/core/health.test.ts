import { levelOf, worstPart } from '@signalbeam/platform/core/health-level';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type HealthFacts,
  healthLimits,
  judgeHealth,
  partNames,
  type ReportedFacts,
  strainOf,
  troubleTypes,
} from './health.ts';

const now = Date.UTC(2026, 5, 15);
const slot = (bundleName: string, status: string) => ({ bundleName, status });
const reported = (
  slots: ReportedFacts['slots'],
  unhealthy: readonly string[] = [],
): ReportedFacts => ({
  engine: { reachable: true },
  slots,
  containers: unhealthy.map((bundleName) => ({ bundleName, health: 'unhealthy' })),
});
const well: HealthFacts = {
  presence: { isOnline: true, lastSeenAt: now },
  reported: reported([slot('web', 'running')]),
  sample: { cpuPercent: 12, memoryPercent: 40, diskPercent: 79.9 },
  troubles: [],
};

test('a device that is well has it all', () => {
  const health = judgeHealth(well, now);
  expect(health).toMatchObject({ score: 100, notHeardSince: null, dueAt: null, strain: '0 0 0' });
  expect(levelOf(health.score)).toBe('healthy');
});

test('what is not known yet is worth half, and says so', () => {
  const { score, parts } = judgeHealth({ ...well, reported: null, sample: null }, now);
  expect(score).toBe(30 + 15 + 10 + 20);
  expect(parts.reconciliation.says).toBe('It has not reported what it runs yet.');
  expect(partNames.filter((name) => !parts[name].isKnown)).toEqual(['reconciliation', 'resources']);
  expect(worstPart(parts)).toEqual({
    ...{ part: 'reconciliation', says: parts.reconciliation.says, isKnown: false },
  });
});

test('each bundle that failed or is not healthy takes its share, and is named', () => {
  const slots = [slot('web', 'running'), slot('db', 'failed'), slot('cam', 'running')];
  const failed = judgeHealth({ ...well, reported: reported(slots, ['cam']) }, now);
  expect(failed.parts.reconciliation).toEqual({
    ...{ points: 10, most: 30, says: '1 of 3 bundles are well; failed: db.', isKnown: true },
  });
  const sick = judgeHealth({ ...well, reported: reported([slot('cam', 'running')], ['cam']) }, now);
  expect(sick.parts.reconciliation).toMatchObject({
    ...{ points: 0, says: '0 of 1 bundles are well; not healthy: cam.' },
  });
  const moving = judgeHealth({ ...well, reported: reported([slot('web', 'downloading')]) }, now);
  expect(moving).toMatchObject({ score: 100 });
  expect(moving.parts.reconciliation.says).toBe('An update of web is on its way.');
});

test('an engine that does not answer leaves nothing of what it should run', () => {
  const away = { ...well, reported: { ...reported([]), engine: { reachable: false } } };
  expect(judgeHealth(away, now).parts.reconciliation.points).toBe(0);
});

test('strain is told by its level', () => {
  const sample = { cpuPercent: 80, memoryPercent: 95, diskPercent: null };
  expect(judgeHealth({ ...well, sample }, now).parts.resources).toEqual({
    ...{ points: 10, most: 20, isKnown: true },
    says: 'It is near its limits: processor at 80 % or more, memory at 95 % or more.',
  });
  expect(strainOf(sample)).toBe(strainOf({ ...sample, cpuPercent: 84, memoryPercent: 99 }));
  expect(strainOf(sample)).not.toBe(strainOf({ ...sample, cpuPercent: 79 }));
});

test('trouble is forgotten a day later, which is when it is judged again', () => {
  const hour = 3_600_000;
  const troubles = [
    { type: 'update-failed' as const, at: now - 23 * hour },
    { type: 'container-died' as const, at: now - hour },
    { type: 'link-up' as const, at: now - 23.5 * hour },
  ];
  const first = judgeHealth({ ...well, troubles }, now);
  expect(first.parts.stability).toMatchObject({
    ...{ points: 11, says: 'In the last day: updates that failed: 1, containers that died: 1.' },
  });
  expect(first.dueAt).toBe(now + hour);
  const second = judgeHealth({ ...well, troubles }, now + hour);
  expect(second.parts.stability.points).toBe(17);
  expect(second.dueAt).toBe(now + 23 * hour);
});

// Inventory §7.21
test('silence costs freshness, and an hour of it leaves no score', () => {
  const lastSeenAt = now - 180_000;
  const gone = { ...well, presence: { isOnline: false, lastSeenAt } };
  const first = judgeHealth(gone, now);
  expect(first).toMatchObject({ score: 70, notHeardSince: lastSeenAt });
  expect(first.dueAt).toBe(lastSeenAt + healthLimits.silentMs);
  const later = judgeHealth(gone, lastSeenAt + healthLimits.silentMs);
  expect(later).toMatchObject({ score: null, notHeardSince: lastSeenAt, dueAt: null });
  expect(levelOf(later.score)).toBe('unknown');
  expect(judgeHealth({ ...well, presence: null }, now).score).toBeNull();
});

test('whatever the facts: parts stay within their limits, and only time that is told changes it', () => {
  const percent = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 100 }));
  const facts: fc.Arbitrary<HealthFacts> = fc.record({
    presence: fc.option(
      fc.record({ isOnline: fc.boolean(), lastSeenAt: fc.integer({ min: 0, max: now }) }),
    ),
    reported: fc.option(
      fc
        .array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('running', 'failed')))
        .map((slots) =>
          reported(
            slots.map(([name, status]) => slot(name, status)),
            ['a'],
          ),
        ),
    ),
    sample: fc.option(
      fc.record({
        cpuPercent: percent,
        memoryPercent: percent,
        diskPercent: percent,
      }),
    ),
    troubles: fc.array(
      fc.record({
        type: fc.constantFrom(...troubleTypes),
        at: fc.integer({ min: now - 2 * healthLimits.troubleMs, max: now }),
      }),
      { maxLength: 30 },
    ),
  });
  fc.assert(
    fc.property(
      facts,
      fc.integer({ min: 1, max: 2 * healthLimits.troubleMs }),
      (known, laterMs) => {
        const health = judgeHealth(known, now);
        for (const name of partNames) {
          const { points, most } = health.parts[name];
          expect(points).toBeGreaterThanOrEqual(0);
          expect(points).toBeLessThanOrEqual(most);
        }
        if (health.score !== null) expect(health.score).toBeLessThanOrEqual(100);
        const due = health.dueAt ?? Number.POSITIVE_INFINITY;
        expect(due).toBeGreaterThan(now);
        if (now + laterMs < due) expect(judgeHealth(known, now + laterMs)).toEqual(health);
      },
    ),
  );
});
