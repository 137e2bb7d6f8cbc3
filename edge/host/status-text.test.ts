import { expect, test } from 'vitest';
import type { Status } from './status.ts';
import { describeStatus } from './status-text.ts';

const registered = {
  version: 1,
  cloudUrl: 'https://fleet.example',
  deviceId: 'd',
  tenantId: 't',
  site: 'plant-7',
  name: 'press-1',
  fingerprint: 'AAAA-BBBB-CCCC-DDDD',
  status: 'pending',
} as const;
const running = (
  state: 'connected' | 'offline' | 'waiting-for-approval',
  waiting = '',
): Status => ({
  kind: 'running',
  device: {
    deviceId: 'd',
    name: 'press-1',
    site: 'plant-7',
    fingerprint: 'AAAA-BBBB-CCCC-DDDD',
    agentVersion: '0.1.0',
    registration: state === 'waiting-for-approval' ? 'pending' : 'approved',
    engine: { kind: 'podman', version: '4.3.1', reachable: true },
    generation: 4,
    waiting,
    clock: null,
    stale: null,
    refusedRecords: {},
    uptimeSeconds: 60,
    slots: [
      {
        bundleName: 'line',
        version: '3.0.0',
        runningVersion: '2.0.0',
        status: 'failed',
        reason: 'the probe failed',
      },
    ],
  },
  link: {
    state,
    via: 'leaf',
    through: "the site's leaf",
    site: null,
    since: 0,
    waiting: '',
    gateway: { role: true, leaf: { running: true, hubConnected: state === 'connected' } },
    lanes: [{ lane: 'metrics', backlogRows: state === 'connected' ? 0 : 40, oldestAt: 0 }],
  },
});

test('an unregistered device says what to run', () => {
  expect(describeStatus({ kind: 'unregistered', farewell: null }, 0)).toContain(
    'signalbeam-agent register',
  );
});

test('a stopped agent says that containers run on, and what waits', () => {
  const text = describeStatus(
    { kind: 'stopped', registered, lanes: [{ lane: 'events', backlogRows: 2, oldestAt: 0 }] },
    7_200_000,
  );
  expect(text).toBe(`press-1 at plant-7: the agent is not running. Containers run on without it.
Registration: pending (fingerprint AAAA-BBBB-CCCC-DDDD)
Not yet confirmed: 2 events; the oldest is 2 h old.
Start it with signalbeam-agent run.`);
});

test('a connected device, a failed bundle', () => {
  expect(
    describeStatus(running('connected'), 60_000),
  ).toBe(`press-1 at plant-7 (d), agent 0.1.0, up 60 s
Cloud: connected for 60 s, through the site's leaf
Leaf: runs, linked to the hub
Engine: podman 4.3.1
Desired state: generation 4
Bundle line 3.0.0: failed, 2.0.0 runs: the probe failed
Everything is confirmed by the cloud.`);
});

test('a site says who is there, who is the gateway and why, and what was refused', () => {
  const status = running('connected');
  const member = { deviceId: 'e', name: 'press-2', address: '192.0.2.8:8481', since: 0 };
  const site = {
    members: [
      { ...member, status: 'alive', uplink: 255, leaf: true },
      { ...member, deviceId: 'g', name: 'press-3', status: 'dead', uplink: 0, leaf: false },
      {
        ...member,
        deviceId: 'f',
        name: '',
        address: '',
        status: 'unknown',
        uplink: 0,
        leaf: false,
      },
    ],
    gateway: { holder: 'e', why: 'it has the role and its uplink works' },
    waiting: '',
    refused: 3,
    warnings: [{ text: 'Two machines use the identity of press-2.', at: 30_000 }],
  };
  const text = describeStatus(
    { ...status, link: { ...(status as { link: object }).link, site } } as Status,
    60_000,
  );
  expect(text).toContain(`Gateway: press-2, because it has the role and its uplink works
Site: 1 of 3 other devices are alive.
  press-2 at 192.0.2.8:8481: alive for 60 s, uplink 255 of 255, runs a leaf
  press-3 at 192.0.2.8:8481: dead for 60 s
  f: not heard of yet
Refused: 3 packets and requests since the agent started.
Warning, 30 s ago: Two machines use the identity of press-2.`);
});

test('a device that is cut off says so and how much it keeps', () => {
  const text = describeStatus(running('offline'), 7_200_000);
  expect(text).toContain(
    'out of reach for 2 h. Containers run on; what happens is kept and sent later.',
  );
  expect(text).toContain('Leaf: runs, the hub is out of reach');
  expect(text).toContain('40 metrics');
});

test('a pending device says what it waits for', () => {
  const text = describeStatus(running('waiting-for-approval', 'Waiting for approval: …'), 0);
  expect(text).toContain('this device waits for approval');
  expect(text).toContain('Waiting: Waiting for approval');
  expect(text).not.toContain('Engine');
});
