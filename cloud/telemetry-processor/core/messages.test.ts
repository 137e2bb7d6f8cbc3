/** How notices are worded for each kind of receiver: nothing is read as markup, nothing is too long. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertSeverities } from './alert-events.ts';
import {
  emailMessage,
  pagerdutyEvent,
  slackMessage,
  teamsMessage,
  webhookBody,
} from './messages.ts';
import type { AboutAlert, Notice } from './notice.ts';
import { keyOfAlert } from './sending.ts';
import { cut, wordsOf } from './wording.ts';

const alertOf = (more: Partial<AboutAlert> = {}, id = 'n1'): Notice => ({
  ...{
    id,
    type: 'alert.raised',
    occurredAt: '2026-11-27T12:00:00.000Z',
    occurredAtMs: 0,
    data: {},
  },
  about: {
    ...{ kind: 'alert', happening: 'raised', alertId: `a-${id}`, ruleName: 'Offline' },
    ...{ alertType: 'device-offline', severity: 'warning', title: 'gw-3 is offline', detail: '' },
    ...{ site: 'plant-7', deviceId: null, deviceName: 'gw-3', rolloutId: null, deviceCount: 1 },
    ...{ silenced: false, link: `/alerts/a-${id}` },
    ...more,
  },
});
const event: Notice = {
  ...{ id: 'n2', type: 'rollout.rolled-back', occurredAt: '2026-11-27T12:00:00.000Z' },
  ...{ occurredAtMs: 0, data: { rolloutId: 'r' } },
  about: { kind: 'event', facts: [['Bundle', 'hello']], link: '/rollouts/r' },
};
const url = 'https://fleet.example';

describe('words', () => {
  it('say what happened to an alert', () => {
    const titleOf = (more: Partial<AboutAlert>) => wordsOf([alertOf(more)], url).title;
    expect(titleOf({})).toBe('Warning: gw-3 is offline');
    expect(titleOf({ happening: 'escalated', severity: 'critical' })).toBe(
      'Now critical: gw-3 is offline',
    );
    expect(titleOf({ happening: 'acknowledged' })).toBe('Acknowledged: gw-3 is offline');
    expect(titleOf({ happening: 'resolved' })).toBe('Resolved: gw-3 is offline');
    expect(wordsOf([event], url)).toMatchObject({
      ...{ title: 'Rollout rolled back', link: `${url}/rollouts/r`, isEnd: false },
    });
    expect(wordsOf([alertOf()], null).link).toBeNull();
  });

  it('of many show the worst ten and count the others', () => {
    const many = Array.from({ length: 30 }, (_, at) =>
      alertOf({ title: `gw-${at}`, severity: at === 29 ? 'critical' : 'info' }, `m${at}`),
    );
    const { title, detail, severity, link } = wordsOf(many, url);
    expect(title).toBe('30 alerts at once: 30 raised');
    expect(detail.split('\n')[0]).toBe('• Critical: gw-29');
    expect(detail.split('\n')).toHaveLength(11);
    expect(detail).toContain('and 20 more');
    expect([severity, link]).toEqual(['critical', `${url}/alerts`]);
    expect(wordsOf([alertOf(), event], url).title).toBe(
      '2 notifications at once: 1 raised, 1 rollout.rolled-back',
    );
  });

  it('are cut without half a character', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('a😀bc', 3)).toBe('a…');
  });
});

describe('a message', () => {
  const hostile = { title: '<!channel> & <b>[x](http://e.vil)</b>', detail: '<@U1> *bold* `code`' };

  it('lets nobody write markup into somebody else’s channel', () => {
    const slack = slackMessage([alertOf(hostile)], url);
    expect(slack.text).toContain('&lt;!channel&gt; &amp;');
    expect(JSON.stringify(slack.blocks[1])).toContain('&lt;@U1&gt;');
    expect(JSON.stringify(teamsMessage([alertOf(hostile)], url))).toContain('\\\\[x\\\\]');
    const { html } = emailMessage([alertOf(hostile)], url);
    expect(html).not.toContain('<b>[x]');
    expect(html).toContain('&lt;b&gt;[x]');
  });

  it('keeps to the limits of its receiver, whatever it tells', () => {
    const unit = fc.constantFrom('&', '<', '[', '*', 'é', '😀', 'a', '\n');
    const text = fc.tuple(unit, fc.nat(2_500)).map(([one, count]) => one.repeat(count));
    const notices = fc.array(
      fc.record({ title: text, detail: text, severity: fc.constantFrom(...alertSeverities) }),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(notices, (all) => {
        const told = all.map((more, at) => alertOf(more, `p${at}`));
        type Block = { type: string; text?: { text: string }; elements?: { text: string }[] };
        for (const block of slackMessage(told, url).blocks as Block[]) {
          const lengthMax = block.type === 'header' ? 150 : 3_000;
          expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(lengthMax);
          if (block.type !== 'context') continue;
          for (const element of block.elements ?? []) {
            expect(element.text.length).toBeLessThanOrEqual(2_000);
          }
        }
        expect(JSON.stringify(teamsMessage(told, url)).length).toBeLessThan(28_000);
        const trigger = pagerdutyEvent(told, url, null) as { payload: { summary: string } };
        expect(trigger.payload.summary.length).toBeLessThanOrEqual(1_024);
      }),
      { numRuns: 20 },
    );
  });

  it('to PagerDuty is one incident from its trigger to its end', () => {
    const of = (happening: AboutAlert['happening']) =>
      pagerdutyEvent([alertOf({ happening })], url, null);
    const dedup_key = keyOfAlert('a-n1');
    expect(of('raised')).toMatchObject({ event_action: 'trigger', dedup_key });
    expect(of('escalated')).toMatchObject({ event_action: 'trigger', dedup_key });
    expect(of('acknowledged')).toEqual({ event_action: 'acknowledge', dedup_key });
    expect(of('resolved')).toEqual({ event_action: 'resolve', dedup_key });
  });

  it('by mail stands in the thread of its alert, and to programs tells all', () => {
    expect(emailMessage([alertOf()], url).thread).toBe('a-n1');
    expect(emailMessage([alertOf(), event], url).thread).toBeNull();
    expect(webhookBody([event])).toEqual({
      events: [
        {
          ...{ id: 'n2', type: event.type, version: 1, occurredAt: event.occurredAt },
          data: { rolloutId: 'r' },
        },
      ],
    });
  });
});
