/**
 * A device that starts in 1970 belongs to its site all the same: certificates hold, records count
 * by version, rows arrive once. It declines the gateway role, because it can't be sure of any time,
 * until it may raise its clock.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { eventually } from '../link/cloud.fixture.ts';
import { expectEventsOnce, type Member, startTestSite, type TestSite } from './site.fixture.ts';

let site: TestSite;
let left: Member | null = null;
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
  left = b;
});

/**
 * The clock it sets is a file that its process alone takes for the time, by a program that writes it:
 * this machine's clock is not touched.
 */
test('once it may, it raises its clock to what is signed, says so and is the gateway', async () => {
  if (left === null) throw new Error('the site is not set up');
  const b = left;
  await site.kill(b);
  const [file, program] = [join(site.cloud.dir, 'clock'), join(site.cloud.dir, 'set-clock')];
  writeFileSync(file, '@1970-01-01 00:05:00\n');
  const write = `date -u -d "$3" '+@%Y-%m-%d %H:%M:%S' > '${file}.new' && mv '${file}.new' '${file}'`;
  writeFileSync(program, `#!/bin/sh\n[ "$1 $2" = "-u -s" ] && ${write}\n`);
  chmodSync(program, 0o700);
  await site.start(b, ['--set-clock', program], { file });
  const linked = await eventually(
    () => site.link(b),
    ({ state, via, gateway }) => state === 'connected' && via === 'leaf' && gateway.role,
    60_000,
  );
  expect(linked.site?.gateway.holder).toBe(b.deviceId);
  const events = async (): Promise<string[]> => {
    const { rows } = await site.cloud.owner.query<{ type: string }>(
      `SELECT type FROM telemetry.events WHERE device_id = $1 AND type LIKE 'clock-%' ORDER BY seq`,
      [b.deviceId],
    );
    return rows.map(({ type }) => type);
  };
  // To its build at once, and then to what the cloud has signed.
  const types = await eventually(events, (found) => found.includes('clock-raised'));
  expect([...new Set(types)]).toEqual(['clock-wrong', 'clock-raised']);
});
