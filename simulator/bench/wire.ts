/**
 * What an idle site costs on its link to the cloud: agents as they are shipped, each on a host of
 * its own, in a mesh behind one leaf, with a desired state in force and nobody looking. Every byte
 * of the leaf link is counted under what it is for; keepalive of the link itself stands apart.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@signalbeam/edge/link/cloud.fixture';
import { type Member, startTestSite, type TestSite } from '@signalbeam/edge/mesh/site.fixture';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { loadAverage, rounded } from './cloud.suite.ts';
import { countLeafWire, purposes, type WireCounts } from './leaf-wire.suite.ts';

const daySeconds = 86_400;
const image = `registry.example/web@sha256:${'a'.repeat(64)}`;
/** What belongs to the link and not to a device. */
const ofTheLink = new Set(['keepalive', 'interest', 'sign-in']);

/** Idle, but not empty: every device has a desired state to compare. */
const assignAll = async ({ cloud }: TestSite, members: readonly Member[]): Promise<void> => {
  const { id } = (await cloud.ask('POST', '/api/bundles', { name: 'idle' })) as { id: string };
  const containers = [{ name: 'web', image }];
  await cloud.ask('POST', `/api/bundles/${id}/versions`, { version: '1.0.0', containers });
  for (const { deviceId } of members) {
    const wish = { bundleId: id, version: '1.0.0' };
    await cloud.ask('POST', `/api/devices/${deviceId}/bundle`, wish);
  }
};

const startAll = async (site: TestSite, names: readonly string[]): Promise<Member[]> => {
  const members: Member[] = [];
  for (const name of names) {
    const member = await site.enrol(name);
    members.push(member);
    await site.start(member, []);
  }
  await eventually(
    () => Promise.all(members.map((member) => site.link(member))),
    (links) => links.every(({ state, via }) => state === 'connected' && via === 'leaf'),
    120_000,
  );
  return members;
};

const sumOf = (counts: WireCounts): number =>
  Object.values(counts).reduce((sum, { bytes }) => sum + bytes, 0);

const figuresOf = (
  before: WireCounts,
  after: WireCounts,
  { devices, windowSeconds }: { devices: number; windowSeconds: number },
): Record<string, number> => {
  const perDay = daySeconds / windowSeconds;
  const bytesOf = (purpose: (typeof purposes)[number]): number =>
    (after[purpose].bytes - before[purpose].bytes) * perDay;
  const own = purposes.filter((purpose) => !ofTheLink.has(purpose));
  const total = own.reduce((sum, purpose) => sum + bytesOf(purpose), 0) / devices;
  return {
    kbPerDeviceDay: rounded(total / 1e3),
    kbitPerSecondPerDevice: rounded((total * 8) / daySeconds / 1e3, 4),
    ...Object.fromEntries(
      own.map((purpose) => [`${purpose}KbPerDeviceDay`, rounded(bytesOf(purpose) / devices / 1e3)]),
    ),
    ...Object.fromEntries(
      own.map((purpose) => [
        `${purpose}MessagesPerDeviceDay`,
        Math.round(((after[purpose].messages - before[purpose].messages) * perDay) / devices),
      ]),
    ),
    // A site whose link was made anew meanwhile was not idle: hellos and interest were said again.
    leafSignIns: after['sign-in'].messages - before['sign-in'].messages,
    linkKeepaliveKbPerDay: rounded(bytesOf('keepalive') / 1e3),
    linkInterestKbPerDay: rounded((bytesOf('interest') + bytesOf('sign-in')) / 1e3),
  };
};

export const run = async ({
  smoke,
  windowSeconds = smoke ? 5 : 1_800,
}: {
  smoke: boolean;
  windowSeconds?: number;
}): Promise<{ name: string; figures: Record<string, number> }> => {
  const settleSeconds = smoke ? 2 : 120;
  const devices = smoke ? 2 : 10;
  const names = Array.from({ length: devices }, (_, index) => `d${index + 1}`);
  const dir = mkdtempSync(join(tmpdir(), 'wire-bench-'));
  chmodSync(dir, 0o711);
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const pace = smoke ? undefined : [];
  const site = await startTestSite(postgres.url, { hosts: names, wan: names }, pace);
  try {
    const wire = countLeafWire();
    site.cloud.wan.watch(wire.listener);
    const members = await startAll(site, names);
    await assignAll(site, members);
    await sleep(settleSeconds * 1_000);
    const [before, leafBefore, beyondBefore] = [
      wire.counts(),
      site.cloud.wan.bytes(),
      site.cloud.beyondBytes(),
    ];
    await sleep(windowSeconds * 1_000);
    const [after, leafAfter] = [wire.counts(), site.cloud.wan.bytes()];
    const perDay = daySeconds / windowSeconds / 1e3;
    const bytes = leafAfter.up + leafAfter.down - leafBefore.up - leafBefore.down;
    return {
      name: 'wire idle site',
      figures: {
        devices,
        windowSeconds,
        ...figuresOf(before, after, { devices, windowSeconds }),
        wholeLeafLinkKbPerDay: rounded(bytes * perDay),
        // A message that is cut by the window's edge; more would be bytes that nobody accounts for.
        unaccountedBytes: Math.abs(bytes - sumOf(after) + sumOf(before)),
        besideTheLeafKbPerDay: rounded((site.cloud.beyondBytes() - beyondBefore) * perDay),
        machineLoad: loadAverage(),
      },
    };
  } finally {
    await site.stop();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};
