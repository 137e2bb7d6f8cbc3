import { strategyNames, wavesOf } from '@signalbeam/sync/core/rollout-strategies';
import { describe, expect, it } from 'vitest';
import { wavesFaults } from '../core/wave.ts';
import { newRolloutSchema } from './rollout-schemas.ts';

describe('a strategy', () => {
  it.each(strategyNames)('%s is a plan that can be, and the API takes it', (strategy) => {
    const asked = { healthScoreMin: 80, alertFreeFrom: 'warning', timeoutMinutes: 240 } as const;
    const waves = wavesOf({ strategy, soakMinutes: 10, approval: 'another-person', ...asked });
    const wish = {
      bundleId: '6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11',
      version: '1.0.0',
      target: { kind: 'all' },
      waves,
    };
    expect(newRolloutSchema.parse(wish).waves).toEqual(waves);
    if (strategy !== 'all-at-once') expect(wavesFaults(waves)).toEqual([]);
  });
});
