import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expandWaves,
  lastPlaceOf,
  openGate,
  splitIntoWaves,
  type WaveSize,
  type WaveWish,
  waveOfJoiner,
  wavesFaults,
} from './wave.ts';

const wave = (size: WaveSize): WaveWish => ({ name: size.kind, size, gate: openGate });
const percent = (value: number): WaveWish => wave({ kind: 'percent', percent: value });
const rest = wave({ kind: 'rest' });
const devices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    deviceId: `device-${index}`,
    site: 's1',
    tags: [],
  }));

const idsOf = (split: readonly (readonly { deviceId: string }[])[]): string[][] =>
  split.map((some) => some.map(({ deviceId }) => deviceId));

describe('waves that can be', () => {
  it.each([
    ['percents that add up', [percent(10), percent(40), percent(50)]],
    ['a count and the rest', [wave({ kind: 'count', count: 3 }), rest]],
    ['a tag, a percent and the rest', [wave({ kind: 'tag', tag: 'canary' }), percent(20), rest]],
    ['everybody at once', [rest]],
  ])('%s', (_, waves) => {
    expect(wavesFaults(waves)).toEqual([]);
  });

  it.each([
    ['percents that leave some out', [percent(10), percent(40)], 1],
    ['percents above a hundred', [percent(60), percent(50)], 1],
    ['the rest before others', [rest, percent(100)], 0],
    ['a count alone', [wave({ kind: 'count', count: 3 })], 0],
  ])('but not %s', (_, waves, at) => {
    expect(wavesFaults(waves)[0]).toMatchObject({ wave: at });
  });
});

describe('who is in which wave', () => {
  // Inventory §7.27
  it('rounds up, so that a small fleet has a first wave', () => {
    const sizes = splitIntoWaves(devices(3), [percent(10), percent(40), percent(50)], 's').map(
      ({ length }) => length,
    );
    expect(sizes).toEqual([1, 1, 1]);
    const many = splitIntoWaves(devices(101), [percent(1), percent(9), percent(90)], 's');
    expect(many.map(({ length }) => length)).toEqual([2, 9, 90]);
  });

  it('is what it was in every release: the same wish, the same waves', () => {
    const fleet = Array.from({ length: 12 }, (_, index) => ({
      ...{ site: 's1', tags: [] },
      deviceId: `00000000-0000-4000-8000-${(index * 7919 + 11).toString(16).padStart(12, '0')}`,
    }));
    const seed = '5f2c7a7e-0b0e-4c39-9d4e-0d8f5c1c9a11 2.0.0 – ü😀';
    const split = idsOf(splitIntoWaves(fleet, [percent(25), rest], seed));
    expect(split.map((ids) => ids.map((id) => id.slice(-4)).join(' '))).toEqual([
      '000b 5450 5cd8',
      '3561 d894 1672 f783 b9a5 7bc7 1efa 9ab6 3de9',
    ]);
  });

  it('puts the tagged first where a wave asks for them', () => {
    const fleet = devices(10).map((one, index) =>
      index % 4 === 0 ? { ...one, tags: ['ring=canary'] } : one,
    );
    const [canary, others] = idsOf(
      splitIntoWaves(fleet, [wave({ kind: 'tag', tag: 'ring=canary' }), rest], 's'),
    );
    expect([...(canary ?? [])].sort()).toEqual(['device-0', 'device-4', 'device-8']);
    expect(others).toHaveLength(7);
  });

  const sizes = fc.oneof(
    fc
      .array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 })
      .map((parts) => [
        ...parts.map(percent),
        percent(100 - parts.reduce((sum, part) => sum + part, 0)),
      ]),
    fc
      .array(fc.integer({ min: 1, max: 50 }), { maxLength: 4 })
      .map((counts) => [...counts.map((count) => wave({ kind: 'count', count })), rest]),
  );

  // Inventory §7.27
  it('takes everybody exactly once, the same in every order of asking, others by another seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), sizes, fc.string(), (count, waves, seed) => {
        const fleet = devices(count);
        const split = splitIntoWaves(fleet, waves, seed);
        expect(idsOf(split).flat().sort()).toEqual(fleet.map(({ deviceId }) => deviceId).sort());
        expect(splitIntoWaves([...fleet].reverse(), waves, seed)).toEqual(split);
      }),
    );
    const first = (seed: string) =>
      splitIntoWaves(devices(100), [percent(10), percent(90)], seed)[0];
    expect(first('one')).not.toEqual(first('two'));
  });

  it('spreads seeds evenly: each device is now and then among the first', () => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 1_000; seed += 1) {
      const split = splitIntoWaves(devices(20), [percent(10), percent(90)], `${seed}`);
      for (const { deviceId } of split[0] ?? []) seen.set(deviceId, (seen.get(deviceId) ?? 0) + 1);
    }
    expect(seen.size).toBe(20);
    for (const times of seen.values()) {
      expect(times).toBeGreaterThan(50);
      expect(times).toBeLessThan(160);
    }
  });
});

describe('site by site', () => {
  const at = (deviceId: string, site: string) => ({ deviceId, site, tags: [] });
  const fleet = [at('a', 'big'), at('b', 'big'), at('c', 'small'), at('d', 'mid'), at('e', 'big')];
  const each: WaveWish = { name: 'each', size: { kind: 'each-site' }, gate: openGate };

  it('is a wave for each, the smallest first, and takes everybody', () => {
    expect(wavesFaults([each])).toEqual([]);
    expect(wavesFaults([each, rest])[0]).toMatchObject({ wave: 0 });
    const waves = expandWaves([each], fleet);
    expect(waves.map(({ name }) => name)).toEqual(['mid', 'small', 'big']);
    const split = idsOf(splitIntoWaves(fleet, waves, 's')).map((ids) => ids.toSorted());
    expect(split).toEqual([['d'], ['c'], ['a', 'b', 'e']]);
  });
});

const sizes = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('percent' as const), percent: fc.integer({ min: 1, max: 9 }) }),
      fc.constant<WaveSize>({ kind: 'tag', tag: 'canary' }),
      fc.constant<WaveSize>({ kind: 'site', site: 's2' }),
    ),
    { maxLength: 5 },
  )
  .map((some) => [...some, { kind: 'rest' as const }].map(wave));
const members = fc.uniqueArray(
  fc.record({
    deviceId: fc.uuid(),
    site: fc.constantFrom('s1', 's2'),
    tags: fc.constantFrom<string[]>([], ['canary']),
  }),
  { selector: ({ deviceId }) => deviceId, minLength: 2, maxLength: 60 },
);

describe('who joins later', () => {
  it('comes into the wave whose reach it is in, and no fixed number grows', () => {
    fc.assert(
      fc.property(sizes, members, (waves, [joiner, ...there]) => {
        if (joiner === undefined) return;
        const bounds = splitIntoWaves(there, waves, 's').map((some, index) => ({
          size: waves[index]?.size ?? rest.size,
          lastPlace: lastPlaceOf(some, 's'),
        }));
        const at = waveOfJoiner(joiner, bounds, 's');
        const size = bounds[at]?.size;
        expect(size).toBeDefined();
        expect(size?.kind).not.toBe('count');
        if (size?.kind === 'tag') expect(joiner.tags).toContain(size.tag);
        if (size?.kind === 'site') expect(joiner.site).toBe(size.site);
        // It is there as it would be for whoever was chosen: the same device, the same wave.
        for (const [index, some] of splitIntoWaves(there, waves, 's').entries()) {
          if (bounds[index]?.size.kind !== 'percent') continue;
          for (const chosen of some) {
            expect(waveOfJoiner(chosen, bounds, 's')).toBeLessThanOrEqual(index);
          }
        }
      }),
    );
  });
});
