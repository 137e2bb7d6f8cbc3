import { describe, expect, it } from 'vitest';
import { dependsOn } from './forecast-words.ts';
import { freePace } from './pace.ts';
import { openGate } from './wave.ts';

const hour = 3_600_000;
const gate = { ...openGate, succeededPercentMin: 100, failedPercentMax: 0, timeoutMs: 4 * hour };
const before = { name: 'first', gate, devices: 5, silent: 0, busy: 0 };
const tries = { deviceTimeoutMs: hour / 2, retriesMax: 3, retryAfterMs: hour / 12 };

describe('what the next wave depends on', () => {
  it('names the times after which something fails or stops by itself, and how often one tries', () => {
    expect(dependsOn(before, { ...freePace, ...tries }, false)).toEqual([
      'All 5 devices of wave first confirm, and none fails.',
      'One that is heard of and takes longer than 30 minutes fails.',
      'One that fails tries again up to 3 times, first after 5 minutes.',
      'All that within 4 hours of its beginning, or the rollout stops.',
    ]);
  });

  it('says nothing of what was not asked for, nor of a wave that waits for nobody', () => {
    const open = { ...before, gate: { ...gate, timeoutMs: null } };
    expect(dependsOn(open, freePace, false)).toHaveLength(1);
    expect(dependsOn({ ...before, devices: 0 }, { ...freePace, ...tries }, false)).toEqual([]);
  });
});
