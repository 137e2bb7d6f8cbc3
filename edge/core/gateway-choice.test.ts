import { describe, expect, test } from 'vitest';
import { type Candidate, chooseGateway, listenFirstMs, nobody, rivalMs } from './gateway-choice.ts';

const now = 1_000_000;
const device = (deviceId: string, more: Partial<Candidate> = {}): Candidate => ({
  deviceId,
  uplink: 100,
  willing: true,
  always: false,
  holds: false,
  ...more,
});
const long = now - 60_000;

describe('the gateway', () => {
  test('is the one with the best uplink, and all choose the same', () => {
    const site = [device('b'), device('a'), device('c', { uplink: 200 })];
    for (const order of [site, site.toReversed()]) {
      expect(chooseGateway(order, nobody, long, now).holder).toBe('c');
    }
    expect(chooseGateway([device('b'), device('a')], nobody, long, now).holder).toBe('a');
  });

  test('nobody takes it who has just started, unless another has it already', () => {
    const started = chooseGateway([device('a')], nobody, now, now);
    expect(started).toMatchObject({ holder: null, wakeAtMs: now + listenFirstMs });
    expect(chooseGateway([device('a')], nobody, now, now + listenFirstMs).holder).toBe('a');
    const site = [device('a'), device('b', { holds: true })];
    expect(chooseGateway(site, nobody, now, now).holder).toBe('b');
  });

  test('stays where it is while its uplink works, however good another is', () => {
    const held = { ...nobody, holder: 'a' };
    const site = [device('a', { uplink: 1, holds: true }), device('b', { uplink: 255 })];
    const choice = chooseGateway(site, held, long, now);
    expect(choice).toMatchObject({ holder: 'a', wakeAtMs: null });
    expect(chooseGateway(site, choice.held, long, now + rivalMs * 10).holder).toBe('a');
  });

  test('moves away from one that lost its uplink, after a while and not at a flicker', () => {
    const cut = [device('a', { uplink: 0, holds: true }), device('b')];
    const well = [device('a', { holds: true }), device('b')];
    const first = chooseGateway(cut, { ...nobody, holder: 'a' }, long, now);
    expect(first).toMatchObject({ holder: 'a', wakeAtMs: now + rivalMs });
    const flicker = chooseGateway(well, first.held, long, now + 1_000);
    expect(flicker.held.rival).toBeNull();
    const again = chooseGateway(cut, flicker.held, long, now + 2_000);
    expect(chooseGateway(cut, again.held, long, now + rivalMs).holder).toBe('a');
    expect(chooseGateway(cut, again.held, long, now + 2_000 + rivalMs).holder).toBe('b');
  });

  test('moves at once when its holder is gone', () => {
    const held = { ...nobody, holder: 'a' };
    expect(chooseGateway([device('b'), device('c')], held, long, now).holder).toBe('b');
  });

  test('two that hold it after a split become one, whoever looks', () => {
    const site = [device('a', { holds: true }), device('b', { holds: true })];
    for (const holder of ['a', 'b', null]) {
      expect(chooseGateway(site, { ...nobody, holder }, long, now).holder).toBe('a');
    }
    const better = [device('a', { holds: true }), device('b', { holds: true, uplink: 0 })];
    expect(chooseGateway(better, { ...nobody, holder: 'b' }, long, now).holder).toBe('a');
  });

  test('is never one that was told not to, or whose clock is unknown', () => {
    const site = [device('a', { willing: false, uplink: 255 }), device('b', { uplink: 1 })];
    expect(chooseGateway(site, nobody, long, now).holder).toBe('b');
    expect(chooseGateway([device('a', { willing: false })], nobody, long, now).holder).toBeNull();
  });

  test('is the one a person named', () => {
    const site = [device('a', { uplink: 255 }), device('b', { always: true, uplink: 0 })];
    expect(chooseGateway(site, nobody, long, now).holder).toBe('b');
  });

  test('without any uplink a leaf that runs stays, and none is started', () => {
    const cut = [device('a', { uplink: 0, holds: true }), device('b', { uplink: 0 })];
    expect(chooseGateway(cut, { ...nobody, holder: 'a' }, long, now).holder).toBe('a');
    const none = [device('a', { uplink: 0 }), device('b', { uplink: 0 })];
    expect(chooseGateway(none, nobody, long, now)).toMatchObject({
      holder: null,
      why: 'no device that can run the leaf reaches the cloud',
    });
  });
});
