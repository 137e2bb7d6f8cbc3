/**
 * What every kind of channel does, whatever its receiver does: the message arrives with all it should
 * say, failures are told apart from refusals, nothing waits for ever, and no secret is ever repeated.
 */

import type { Reach } from '@signalbeam/platform/outside/reach';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AboutAlert, Happening, Notice } from '../core/notice.ts';
import type { Target } from './channel.ts';
import { createSend } from './send.ts';

export type Behaviour =
  | { kind: 'take' }
  | { kind: 'fail' | 'refuse'; says: string }
  | { kind: 'be-silent' }
  | { kind: 'talk-for-ever' };

export type TestReceiver = {
  target: Target;
  /** What the target must never let out. */
  secret: string;
  reach: Reach;
  behave: (how: Behaviour) => void;
  /** All that arrived, as text. */
  received: () => string[];
  /** Throws unless it is in the shape that the receiver documents. */
  check: (received: string) => void;
  connections: () => number;
  close: () => Promise<void>;
};

export const aNotice = (
  happening: Happening,
  id = 'd1',
  more: Partial<AboutAlert> = {},
): Notice => {
  const alertId = '4b1f6f52-6d39-4a40-a7c8-21d2f3a1c001';
  const about: AboutAlert = {
    ...{ kind: 'alert', happening, alertType: 'device-offline' },
    ...{ alertId, ruleName: 'Device offline', severity: 'critical', title: 'gw-3 is offline' },
    ...{
      detail: 'No word for 5 minutes <b>&',
      site: 'plant-7',
      deviceId: null,
      deviceName: 'gw-3',
    },
    ...{ rolloutId: null, deviceCount: 1, silenced: false, link: `/alerts/${alertId}` },
    ...more,
  };
  return {
    ...{ id, type: `alert.${happening}`, occurredAt: '2026-11-27T12:00:00.000Z' },
    occurredAtMs: Date.parse('2026-11-27T12:00:00.000Z'),
    ...{ about, data: { alertId, title: about.title, site: about.site, link: about.link } },
  };
};

export const channelSuite = (kind: string, open: () => Promise<TestReceiver>): void => {
  describe(`a channel to ${kind}`, () => {
    let receiver: TestReceiver;
    beforeAll(async () => {
      receiver = await open();
    });
    beforeEach(() => receiver.behave({ kind: 'take' }));
    afterAll(() => receiver.close());
    const send = (notices: Notice[], more: { msMax?: number; reach?: Reach } = {}) =>
      createSend({
        ...{ reach: receiver.reach, publicUrl: 'https://fleet.example', now: Date.now, ...more },
      })(receiver.target, { id: 'm1', notices, incidentKey: null });

    it('tells what happened, where, and where to look', async () => {
      expect(await send([aNotice('raised')])).toMatchObject({ kind: 'delivered' });
      const [text = ''] = receiver.received().slice(-1);
      receiver.check(text);
      expect(text).toContain('gw-3 is offline');
      expect(text).toContain('plant-7');
      expect(text).toContain('/alerts/4b1f6f52');
    });

    // Inventory §7.23
    it('tells the end of it', async () => {
      expect(await send([aNotice('resolved', 'd2')])).toMatchObject({ kind: 'delivered' });
      const [text = ''] = receiver.received().slice(-1);
      receiver.check(text);
      expect(text.toLowerCase()).toMatch(/resolved?/);
    });

    it('tells of many in one message, each kind counted', async () => {
      const many = Array.from({ length: 200 }, (_, at) => aNotice('raised', `e${at}`));
      expect(await send(many)).toMatchObject({ kind: 'delivered' });
      const [text = ''] = receiver.received().slice(-1);
      receiver.check(text);
      if (kind !== 'webhook') expect(text).toContain('200 alerts at once');
    });

    it('says what a failing receiver said, less its secrets', async () => {
      receiver.behave({ kind: 'fail', says: `try later ${receiver.secret} please` });
      const outcome = await send([aNotice('raised')]);
      expect(outcome).toMatchObject({ kind: 'failed' });
      expect(JSON.stringify(outcome)).toContain('try later');
      expect(JSON.stringify(outcome)).not.toContain(receiver.secret);
    });

    it('knows a message that will never be taken', async () => {
      receiver.behave({ kind: 'refuse', says: 'not like this' });
      expect(await send([aNotice('raised')])).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('not like this'),
      });
    });

    it('waits for nobody for ever', async () => {
      receiver.behave({ kind: 'be-silent' });
      expect(await send([aNotice('raised')], { msMax: 300 })).toEqual({
        ...{ kind: 'failed', reason: 'It did not answer in time.' },
      });
    });

    it('reads no more of an answer than it needs', async () => {
      receiver.behave({ kind: 'talk-for-ever' });
      const outcome = await send([aNotice('raised')], { msMax: 5_000 });
      expect(JSON.stringify(outcome).length).toBeLessThan(600);
    });

    it('goes into no private network', async () => {
      const before = receiver.connections();
      const reach = { ...receiver.reach, loopback: false };
      const outcome = await send([aNotice('raised')], { reach });
      expect(outcome).toMatchObject({ kind: 'failed' });
      expect(receiver.connections()).toBe(before);
    });
  });
};
