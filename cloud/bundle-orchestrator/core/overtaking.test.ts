/** Who overtakes whom, and what people are told of it before. */
import { expect, it } from 'vitest';
import { overtakerOf, type UnderWay, underWayMeans } from './overtaking.ts';

const slot = (rolloutId: string | null) => ({
  ...{ bundleId: 'b', bundleName: 'web', version: '1.2.0', releaseDigest: 'sha256:0' },
  ...{ rolloutId, requestedGeneration: 3 },
});
const newer = new Map([['later', '1.2.0']]);

it.each([
  ['nothing', null, null],
  ['what no rollout put there', slot(null), null],
  ['its own', slot('own'), null],
  ['that of an older one', slot('earlier'), null],
  ['that of a newer one', slot('later'), '1.2.0'],
])('a rollout meets %s on a device', (_, there, by) => {
  expect(overtakerOf(there, 'own', newer)).toBe(by);
});

const other: UnderWay = {
  ...{ rolloutId: 'r', version: '1.1.0', status: 'in-progress', atWork: 0, untold: 0 },
  isNewer: false,
};

it.each<[Partial<UnderWay>, string]>([
  [
    { atWork: 1, untold: 9 },
    '1 device is at work with 1.1.0 and told of 1.2.0 when that is done. 9 devices were not told of 1.1.0 yet: whoever is told of 1.2.0 first is not told of 1.1.0 any more, the others still are. Cancel that one if nobody is to get it.',
  ],
  [{ atWork: 2 }, '2 devices are at work with 1.1.0 and told of 1.2.0 when that is done.'],
  [
    { untold: 2, isNewer: true, status: 'scheduled' },
    'It begins later: whoever it tells of 1.1.0 is not told of 1.2.0 any more.',
  ],
  [
    { atWork: 3, status: 'rolling-back' },
    '3 devices go back from 1.1.0 and are told of 1.2.0 when that is done.',
  ],
])('%j under way is told of in words', (one, words) => {
  expect(underWayMeans({ ...other, ...one }, '1.2.0')).toBe(words);
});
