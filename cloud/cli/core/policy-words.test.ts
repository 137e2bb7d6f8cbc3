/** Paths, ports and sizes of a policy, as people write them. */
import { expect, it } from 'vitest';
import { bytesOf, pathsOf, portsOf } from './policy-words.ts';

it('reads paths, ports and sizes', () => {
  expect(pathsOf(['/etc/localtime', '/srv/x:rw'])).toEqual([
    { path: '/etc/localtime', writable: false },
    { path: '/srv/x', writable: true },
  ]);
  expect(portsOf(['443', '8000-8999'])).toEqual([
    { from: 443, to: 443 },
    { from: 8_000, to: 8_999 },
  ]);
  expect(portsOf(['443', 'x'])).toBeNull();
  expect(['1024', '512Mi', '1.5Gi', '2Ki', '5MB', '', '-1'].map(bytesOf)).toEqual([
    ...[1_024, 536_870_912, 1_610_612_736, 2_048, null, null, null],
  ]);
});
