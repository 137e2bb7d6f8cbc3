import { describe, expect, it } from 'vitest';
import type { PaceWait } from './pace.ts';
import { fixtureNow as now, fixtureRow as row } from './rollout.fixture.ts';
import { countRows, emptyProgress, type RolloutRow } from './rollout.ts';
import { sayDevices, sayWaiting, type WaitingKnown } from './rollout-words.ts';
import { openGate } from './wave.ts';
import type { WaveState } from './wave-plan.ts';

describe('what it waits for, in words', () => {
  const done = [row('x', { status: 'succeeded' }), row('y', { status: 'succeeded' })];
  const seen = (hours: number, minutes: number): number =>
    Date.UTC(2026, 2, 14, hours, minutes, 31);

  it.each([
    [
      'one device that is away',
      [...done, row('gateway-2', { presence: 'offline', lastSeenAtMs: seen(14, 2) })],
      '2 of 3 confirmed; waiting for gateway-2, unreached since 14:02 UTC',
    ],
    [
      'one that is away since yesterday',
      [...done, row('gateway-2', { presence: 'offline', lastSeenAtMs: seen(14, 2) - 86_400_000 })],
      '2 of 3 confirmed; waiting for gateway-2, unreached for 25 h',
    ],
    [
      'one that is away for a week',
      [row('gateway-2', { presence: 'offline', lastSeenAtMs: now - 7 * 86_400_000 })],
      '0 of 1 confirmed; waiting for gateway-2, unreached for 7 days',
    ],
    [
      'one that never came',
      [row('gateway-9', { presence: 'never', lastSeenAtMs: null })],
      '0 of 1 confirmed; waiting for gateway-9, which has never connected',
    ],
    [
      'devices at work, the unreached first',
      [
        row('a'),
        row('b', { status: 'in-progress' }),
        row('c', { presence: 'offline', lastSeenAtMs: seen(9, 5) }),
      ],
      '0 of 3 confirmed; waiting for c, unreached since 09:05 UTC; a to begin; b to finish',
    ],
    [
      'many, of which it names three',
      ['a', 'b', 'c', 'd', 'e'].map((name) => row(name)),
      '0 of 5 confirmed; waiting for a to begin; b to begin; c to begin; 2 more',
    ],
    [
      'others beside failed ones',
      [...done, row('bad', { status: 'failed' }), row('a', { status: 'in-progress' })],
      '2 of 4 confirmed, 1 failed; waiting for a to finish',
    ],
    ['nothing', done, ''],
  ])('%s', (_, rows, sentence) => {
    expect(sayDevices(rows, countRows(rows), now)).toBe(sentence);
  });
});

const wave = (more: Partial<WaveState> = {}): WaveState => ({
  wave: 0,
  name: 'canary',
  gate: { ...openGate, succeededPercentMin: 100 },
  state: 'open',
  openedAtMs: now - 3_600_000,
  goodSinceMs: null,
  approvals: [],
  acceptedFailed: 0,
  counts: emptyProgress,
  evidence: null,
  ...more,
});

describe('what it waits for with waves', () => {
  const rows: RolloutRow[] = [row('a'), row('b', { status: 'succeeded' })];
  const canary = wave({ counts: countRows(rows) });
  const rest = wave({ wave: 1, name: 'rest', state: 'waiting' });
  const say = (more: Partial<WaitingKnown>): string =>
    sayWaiting(
      {
        rollout: {
          status: 'in-progress',
          requestedBy: 'user:ada@example.com',
          statusReason: null,
          windowsIgnored: null,
        },
        waves: [canary, rest],
        wait: { kind: 'devices', wave: canary, verdict: { kind: 'missing', confirms: 1 } },
        paceWaits: [],
        lacking: [],
        rows,
        progress: countRows(rows),
        toRetry: 0,
        ...more,
      },
      now,
    );

  it('names the wave and what its gate still needs', () => {
    expect(say({})).toBe(
      'Wave canary (1 of 2): 1 of 2 confirmed; waiting for a to begin; its gate needs 1 device more',
    );
  });

  it('says which limit holds the others, and when it lets them', () => {
    const planned = [...rows, row('c', { status: 'planned' }), row('d', { status: 'planned' })];
    const paced = (...paceWaits: PaceWait[]): string => {
      const counted = wave({ counts: countRows(planned) });
      const wait = { kind: 'devices', wave: counted, verdict: { kind: 'good' } } as const;
      return say({ waves: [counted], wait, rows: planned, paceWaits });
    };
    const head = '1 of 4 confirmed; waiting for a to begin; ';
    const opensAtMs = now + 11 * 3_600_000;
    const at = { site: 'plant-7', sites: 1 };
    expect(paced({ kind: 'window', devices: 9, opensAtMs, site: 'plant-7', sites: 3 })).toBe(
      `${head}9 devices are told when the maintenance windows of 3 sites open, the first, of plant-7, at 02:09 UTC, in 11 h`,
    );
    expect(paced({ kind: 'window', devices: 2, opensAtMs, ...at })).toBe(
      `${head}2 devices are told when the maintenance window of plant-7 opens at 02:09 UTC, in 11 h`,
    );
    expect(paced({ kind: 'rate', devices: 1, freeAtMs: now + 60_000 })).toBe(
      `${head}1 device is told at the rate that was set, the next at 15:10 UTC`,
    );
    expect(
      paced(
        { kind: 'site', devices: 1, site: 'plant-7', sites: 1 },
        { kind: 'redundancy', devices: 1, member: 'press-line', members: 3 },
      ),
    ).toBe(
      `${head}1 device is told when others at plant-7 are done; 1 device is told when the others of press-line and of 2 other groups, which stand in for them, are done`,
    );
    expect(paced({ kind: 'window', devices: 2, opensAtMs: Number.MAX_SAFE_INTEGER, ...at })).toBe(
      `${head}the maintenance window of 2 devices never opens again`,
    );
    const untold = [row('c', { status: 'planned' })];
    const counted = wave({ counts: countRows(untold) });
    const wait = { kind: 'devices', wave: counted, verdict: { kind: 'good' } } as const;
    const paceWaits = [{ kind: 'window', devices: 1, opensAtMs: now + 60_000, ...at }] as const;
    expect(say({ waves: [counted], wait, rows: untold, paceWaits })).toBe(
      '0 of 1 confirmed; waiting for c, which is told later; 1 device is told when the maintenance window of plant-7 opens at 15:10 UTC',
    );
  });

  it('says when the unreached are left out', () => {
    const away = [row('a', { presence: 'offline', lastSeenAtMs: now - 60_000 }), ...rows.slice(1)];
    const patient = wave({
      counts: countRows(away),
      gate: {
        ...canary.gate,
        unreached: { rule: 'go-on', afterMs: 2 * 3_600_000, reachedPercentMin: 50 },
      },
    });
    const wait = {
      kind: 'devices',
      wave: patient,
      verdict: { kind: 'missing', confirms: 1 },
    } as const;
    expect(say({ wait, rows: away })).toBe(
      'Wave canary (1 of 2): 1 of 2 confirmed; waiting for a, unreached since 15:08 UTC; its gate needs 1 device more; the 1 unreached are left out from 16:09 UTC',
    );
  });

  it('says whose health or which alerts it waits for', () => {
    const evidence = {
      ...{ well: 1, unwell: 1, lacking: [], alerts: 1, alertIds: [], alertsEndedAtMs: null },
    };
    const done = countRows(['a', 'b', 'c'].map((name) => row(name, { status: 'succeeded' })));
    const gate = { ...openGate, healthScoreMin: 80, alertFreeFrom: 'warning' as const };
    const asked = wave({ counts: done, gate, evidence });
    const health = { kind: 'health', wave: asked, missing: 2 } as const;
    const lacking = ['c has none since it confirmed', 'b has 61'];
    expect(say({ wait: health, lacking })).toBe(
      'Wave canary (1 of 2): 3 of 3 confirmed; its gate needs a health score of 80 from 2 devices more: c has none since it confirmed; b has 61',
    );
    const alerts = { kind: 'alerts', wave: asked, open: 1 } as const;
    expect(say({ wait: alerts, lacking: ['Disk full on a'] })).toBe(
      'Wave canary (1 of 2): 3 of 3 confirmed; waiting until an alert that was raised on it since it began (warning or worse) is resolved: Disk full on a',
    );
    const many = { ...alerts, wave: wave({ counts: done, gate, evidence }), open: 5 };
    expect(say({ wait: many, lacking: ['x', 'y', 'z'] })).toMatch(
      /until 5 alerts that were raised since it began \(warning or worse\) are resolved: x; y; z; 2 more$/,
    );
    const unseen = { ...health, wave: wave({ counts: done, gate }) };
    expect(say({ wait: unseen })).toMatch(/3 of 3 confirmed; its devices’ health is looked at/);
  });

  it('says who tries again and is not next yet, and names nobody as busy elsewhere for that', () => {
    const untold = [row('a', { status: 'planned' })];
    const told = { rows: untold, progress: countRows(untold), waves: [canary] };
    const wait = { kind: 'stragglers' } as const;
    expect(say({ ...told, wait, toRetry: 5_000 })).toBe(
      '0 of 1 confirmed; waiting for a, which is told in a moment; 5000 devices that failed try again in a moment',
    );
    expect(say({ wait: { kind: 'nothing' }, rows: [], toRetry: 1 })).toBe(
      '1 device that failed tries again in a moment',
    );
  });

  it('says when a soak ends, and on which day', () => {
    expect(say({ wait: { kind: 'soak', wave: canary, endsAtMs: now + 1_260_000 } })).toBe(
      'Wave canary (1 of 2) is good so far; its soak ends 15:30 UTC',
    );
    expect(say({ wait: { kind: 'soak', wave: canary, endsAtMs: now + 86_400_000 } })).toBe(
      'Wave canary (1 of 2) is good so far; its soak ends 15:09 UTC, in 24 h',
    );
  });

  it('says who may approve', () => {
    expect(say({ wait: { kind: 'approval', wave: canary, byAnother: true } })).toBe(
      'Wave canary (1 of 2) is good; waiting for somebody other than ada@example.com to approve it',
    );
  });

  it('says when it starts, and why it is paused', () => {
    expect(say({ wait: { kind: 'start', atMs: now + 60_000 } })).toBe('Starts 15:10 UTC');
    const paused = {
      status: 'paused',
      requestedBy: 'user:a',
      statusReason: 'Two failed.',
      windowsIgnored: null,
    } as const;
    expect(say({ rollout: paused })).toBe('Paused. Two failed');
  });
});
