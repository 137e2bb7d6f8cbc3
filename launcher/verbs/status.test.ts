/**
 * How ages and processes read.
 */
import { expect, test } from 'vitest';
import type { Run } from '../supervisor/run-state.ts';
import { age, describeProcesses } from './status.ts';

test('an age has one unit', () => {
  expect([4_200, 119_000, 120_000, 7_300_000, 200_000_000].map(age)).toEqual([
    '4 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
});

test('a process that keeps ending shows why', () => {
  const base = { pid: null, startedAt: null, logFile: 'x.log' };
  const run = {
    processes: [
      { ...base, name: 'hub', state: 'running', pid: 12, startedAt: 0, restarts: 0, reason: null },
      { ...base, name: 'cloud', state: 'waiting', restarts: 3, reason: 'ended with code 1\nlog' },
    ],
  } as unknown as Run;
  expect(describeProcesses(run, 5_000)).toEqual([
    'hub         running for 5 s  process 12',
    'cloud       waiting, restarted 3 × (ended with code 1)',
  ]);
});
