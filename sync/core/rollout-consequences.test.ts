import { describe, expect, it } from 'vitest';
import {
  consequenceWords,
  type SteeredRollout,
  waveAtWork,
  wordTooLate,
} from './rollout-consequences.ts';

const none = {
  ...{ total: 0, planned: 0, pending: 0, inProgress: 0 },
  ...{ succeeded: 0, failed: 0, unreached: 0 },
};
const rollout: SteeredRollout = {
  version: '2.0.0',
  progress: { ...none, total: 12, planned: 8, pending: 1, succeeded: 2, failed: 1 },
  waves: [
    { name: 'first', state: 'passed', progress: { ...none, total: 1, succeeded: 1 } },
    { name: 'canary', state: 'open', progress: { ...none, total: 3, succeeded: 1, failed: 1 } },
    { name: 'rest', state: 'waiting', progress: { ...none, total: 8, planned: 8 } },
  ],
};

describe('what a verb means', () => {
  it.each([
    [
      'advance',
      'Wave rest, 8 devices, begins now, whatever this one’s gate says. Of this one’s 3, 1 failed. Your name is kept with it.',
    ],
    [
      'approve',
      'Wave rest, 8 devices, begins as soon as this one is approved. Your name is kept with it.',
    ],
    [
      'cancel',
      '1 device has not finished and goes back to what it ran before. 8 devices will not be told. 2 confirmed and keep 2.0.0. 1 failed and keeps what it runs.',
    ],
    [
      'rollback',
      '3 devices will be given what each ran before, also those that confirmed 2.0.0. 8 devices will not be told. 1 failed and keeps what it runs.',
    ],
    [
      'pause',
      'No further wave begins and nobody more is told. 1 device that has not begun keeps what it runs. Those at work finish.',
    ],
    ['retry', '1 failed device installs 2.0.0 again, from the start. The others are not touched.'],
  ] as const)('is said for the devices as they are: %s', (verb, words) => {
    expect(consequenceWords(verb, rollout)).toBe(words);
  });

  it('is silent about devices that there are none of', () => {
    const none = { ...rollout, progress: { ...rollout.progress, pending: 0 } };
    expect(consequenceWords('cancel', none)).toMatch(/^8 devices will not be told\./);
    expect(consequenceWords('pause', none)).toBe(
      'No further wave begins and nobody more is told. Those at work finish.',
    );
  });

  it('is about the wave that was meant, and too late once that was passed', () => {
    expect(waveAtWork(rollout)).toBe(1);
    expect(wordTooLate(rollout, 1)).toBeNull();
    expect(wordTooLate(rollout, 0)).toBe('Wave first was passed meanwhile.');
    expect(consequenceWords('advance', rollout, 2)).toContain('it is the last one');
  });
});
