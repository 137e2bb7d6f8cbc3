import { expect, it } from 'vitest';
import { storageWords } from './sample-storage.ts';

it('says whether TimescaleDB holds the samples, and if not, why', () => {
  const without = { isHypertable: false, version: null, isAvailable: false };
  expect(storageWords(without)).toContain('not installed');
  expect(storageWords({ ...without, isAvailable: true })).toContain('was not usable');
  expect(storageWords({ isHypertable: true, version: '2.20.0', isAvailable: true })).toBe(
    'a hypertable of TimescaleDB 2.20.0',
  );
});
