import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlanValues, planOf } from './rollout-plan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollout-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const plan = (values: PlanValues, input = ''): Promise<object> =>
  planOf(values, () => Promise.resolve(input));
const free = {
  ...{ windows: [], devicesPerHourMax: null, perSiteMax: null, redundancyTag: null },
  ...{ deviceTimeoutMs: null, retriesMax: 0, retryAfterMs: 300_000 },
};

describe('a plan from flags', () => {
  it('is all at once when nothing is said', async () => {
    expect(await plan({})).toEqual({ waves: [], pace: free });
  });

  it('has the waves of its strategy, with its soak and approval', async () => {
    const values = {
      strategy: 'canary',
      soak: '1h',
      approval: 'another',
      health: '80',
      'alert-free': 'warning',
      'wave-timeout': '4h',
      'on-failure': 'roll-back',
    };
    expect(await plan(values)).toMatchObject({
      onFailure: 'roll-back',
      waves: [
        {
          size: { kind: 'percent' },
          gate: {
            ...{ soakMs: 3_600_000, approval: 'another-person' },
            ...{ healthScoreMin: 80, alertFreeFrom: 'warning', timeoutMs: 4 * 3_600_000 },
          },
        },
        { size: { kind: 'rest' } },
      ],
    });
    expect(await plan({ strategy: 'site-by-site' })).toMatchObject({
      waves: [{ size: { kind: 'each-site' } }],
    });
  });

  it('has its pace', async () => {
    const values = {
      ...{ window: ['0 2 * * SAT'], for: '90m', 'time-zone': 'Europe/Berlin' },
      ...{ 'per-hour': '60', 'per-site': '2', redundancy: 'redundancy' },
    };
    expect(await plan(values)).toMatchObject({
      pace: {
        windows: [{ cron: '0 2 * * SAT', timeZone: 'Europe/Berlin', minutes: 90, sites: null }],
        ...{ devicesPerHourMax: 60, perSiteMax: 2, redundancyTag: 'redundancy' },
      },
    });
  });

  it('has how long a device may take, and how often one that failed tries again', async () => {
    const values = { 'device-timeout': '30m', retries: '3', 'retry-after': '90s' };
    expect(await plan(values)).toMatchObject({
      pace: { deviceTimeoutMs: 1_800_000, retriesMax: 3, retryAfterMs: 90_000 },
    });
  });

  it.each<[string, PlanValues]>([
    ['--wave-timeout is about waves', { 'wave-timeout': '4h' }],
    ['--wave-timeout is a time', { strategy: 'canary', 'wave-timeout': '1s' }],
    ['--device-timeout is a time', { 'device-timeout': '5s' }],
    ['--retries is a number from 1 to 10', { retries: '11' }],
    ['there are none', { 'retry-after': '5m' }],
    ['--strategy is one of', { strategy: 'yolo' }],
    ['--soak is a time', { strategy: 'canary', soak: 'long' }],
    ['--approval is one of', { strategy: 'canary', approval: 'god' }],
    ['choose a --strategy', { soak: '10m' }],
    ['--health is about waves', { health: '80' }],
    ['--health is a score', { strategy: 'canary', health: '0' }],
    ['--alert-free is one of', { strategy: 'canary', 'alert-free': 'loud' }],
    ['there is none', { for: '1h' }],
    ['--for is a time', { window: ['0 2 * * *'], for: 'ever' }],
    ['--per-site is a number', { 'per-site': '0' }],
    ['--per-hour is a number', { 'per-hour': '1e9' }],
    ['--strategy is said by the plan', { plan: '-', strategy: 'canary' }],
  ])('is refused: %s', async (said, values) => {
    await expect(plan(values)).rejects.toThrow(said);
  });
});

describe('a plan from a file', () => {
  it('is what the file says', async () => {
    const file = join(folder, 'plan.json');
    const said = { waves: [], pace: { perSiteMax: 3 }, target: { kind: 'all' } };
    writeFileSync(file, JSON.stringify(said));
    expect(await plan({ plan: file, 'on-failure': 'pause' })).toEqual({
      ...said,
      onFailure: 'pause',
    });
    expect(await plan({ plan: '-' }, JSON.stringify(said))).toEqual(said);
  });

  it.each([
    ['is no JSON', '{'],
    ['A plan has', '[]'],
    ['and no version', '{"version": "1.0.0"}'],
  ])('is refused: %s', async (message, text) => {
    await expect(plan({ plan: '-' }, text)).rejects.toThrow(message);
  });
});
