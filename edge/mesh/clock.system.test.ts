/**
 * A device that starts in 1970 belongs to its site all the same: certificates hold, records count
 * by version, rows arrive once. It declines the gateway role, because it can't be sure of any time.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import { expectEventsOnce, startTestSite, type TestSite } from './site.fixture.ts';

let site: TestSite;
beforeAll(async () => {
  site = await startTestSite(inject('postgresUrl'), { hosts: ['a', 'b'], wan: ['a', 'b'] });
});
afterAll(() => site.stop());

test('in 1970 a device syncs through its site and declines the gateway role', async () => {
  const a = await site.enrol('a');
  await site.start(a, []);
  await site.untilLinked(a);
  const b = await site.enrol('b');
  await site.start(b, [], '@1970-01-01 00:05:00');
  await eventually(
    () => site.link(b),
    ({ state, via }) => state === 'connected' && via === 'leaf',
  );
  await site.kill(a);
  const alone = await eventually(
    () => site.link(b),
    ({ state, via, site: shown }) =>
      state === 'connected' && via === 'hub' && shown?.gateway.holder === null,
  );
  expect(alone.gateway.role).toBe(false);
  expect(alone.site?.gateway.why).toContain('no device that can run the leaf');
  const { stored, written } = await expectEventsOnce(site.cloud, b);
  expect(stored).toEqual(written);
});
