import { expect, test } from 'vitest';
import { isStrained, paceOf } from './pace.ts';

const idle = {
  ...{ startedAtMs: -90_000, lookedAtUntilMs: 0, updating: false, strained: false },
  movedUntilMs: 0,
};
const calm = { beatMs: 60_000, hold: true };

test('an idle device is quiet, and quick while somebody looks or an update runs', () => {
  expect(paceOf(idle, calm, 1_000)).toMatchObject({ beatMs: 60_000, holdMs: 900_000 });
  for (const doing of [
    { ...idle, lookedAtUntilMs: 1_001 },
    { ...idle, updating: true },
  ]) {
    expect(paceOf(doing, calm, 1_000)).toMatchObject({ beatMs: 10_000, holdMs: 0 });
  }
  expect(paceOf({ ...idle, lookedAtUntilMs: 1_000 }, calm, 1_000).holdMs).toBe(900_000);
});

test('an agent that has just started tells its first samples at once', () => {
  const started = { ...idle, startedAtMs: 0 };
  expect(paceOf(started, calm, 89_999)).toMatchObject({ beatMs: 60_000, holdMs: 0 });
  expect(paceOf(started, calm, 90_000).holdMs).toBe(900_000);
});

test('a host in trouble holds nothing back, and who wants quick beats always has them', () => {
  expect(paceOf({ ...idle, strained: true }, calm, 0)).toMatchObject({ beatMs: 60_000, holdMs: 0 });
  expect(paceOf({ ...idle, updating: true }, { beatMs: 1_000, hold: true }, 0).beatMs).toBe(1_000);
});

test('a host that has become another tells of it for a while, at the calm beat', () => {
  const moved = { ...idle, movedUntilMs: 5_000 };
  expect(paceOf(moved, calm, 4_999)).toMatchObject({ beatMs: 60_000, holdMs: 0 });
  expect(paceOf(moved, calm, 5_000).holdMs).toBe(900_000);
});

test('a full disk, a full memory or a hot board is trouble; what is not known is none', () => {
  const none = { memoryPercent: null, diskPercent: null, temperatureCelsius: null };
  expect(isStrained(none)).toBe(false);
  expect(isStrained({ ...none, diskPercent: 89.9, temperatureCelsius: 84.9 })).toBe(false);
  for (const part of [{ diskPercent: 90 }, { memoryPercent: 95 }, { temperatureCelsius: 85 }]) {
    expect(isStrained({ ...none, ...part })).toBe(true);
  }
});
