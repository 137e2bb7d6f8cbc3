import { expect, it } from 'vitest';
import { storageWords } from './sample-storage.ts';

it('says whether TimescaleDB holds the samples, and if not, why', () => {
  const without = { isHypertable: false, isCompressed: false, version: null, isAvailable: false };
  expect(storageWords(without)).toContain('not installed');
  expect(storageWords({ ...without, isAvailable: true })).toContain('was not usable');
  const within = { isHypertable: true, isCompressed: true, version: '2.20.0', isAvailable: true };
  expect(storageWords(within)).toBe('a hypertable of TimescaleDB 2.20.0, compressed after a week');
  expect(storageWords({ ...within, isCompressed: false })).toMatch(/, not compressed$/);
});
