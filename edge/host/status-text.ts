/** The status as a person reads it: first whether all is well, then what it waits for. */
import type { Farewell } from '../store/farewell.ts';
import type { Status } from './status.ts';

export const describeStatus = (status: Status, now: number): string => {
  switch (status.kind) {
    case 'unregistered':
      if (status.farewell !== null) return farewellLines(status.farewell);
      return 'This device is not registered.\nRun signalbeam-agent register --url https://… --token ….';
    case 'silent':
      return `${status.registered.name} at ${status.registered.site}: the agent runs (process ${status.pid}), but its local console is off or does not answer.\nSee signalbeam-agent logs.`;
    case 'stopped': {
      const { name, site, fingerprint, status: registration } = status.registered;
      return [
        `${name} at ${site}: the agent is not running. Containers run on without it.`,
        `Registration: ${registration} (fingerprint ${fingerprint})`,
        backlogLine(status.lanes, now),
        'Start it with signalbeam-agent run.',
      ].join('\n');
    }
    case 'running':
      return describeRunning(status, now);
  }
};

const farewellLines = ({ name, site, removal, step, at }: Farewell): string =>
  [
    `${name} at ${site} was ${removal} on ${new Date(at).toISOString()}.`,
    step === 'wiped'
      ? 'Its keys and data are wiped. Register it afresh: signalbeam-agent register --url https://… --token ….'
      : 'It is wiping itself; signalbeam-agent run goes on with it.',
  ].join('\n');

const describeRunning = (
  { device, link }: Extract<Status, { kind: 'running' }>,
  now: number,
): string => {
  const { engine } = device;
  const lines = [
    `${device.name} at ${device.site} (${device.deviceId}), agent ${device.agentVersion}, up ${age(device.uptimeSeconds * 1_000)}`,
    `Cloud: ${linkLine(link, now)}`,
    ...(device.clock === null ? [] : [`Clock: ${device.clock}`]),
    ...(device.stale === null ? [] : [`Trust: ${device.stale}`]),
    ...refusedLine(device.refusedRecords),
    ...(link.gateway.leaf === null ? [] : [`Leaf: ${leafLine(link.gateway.leaf)}`]),
    ...siteLines(link.site, device, now),
    ...(device.registration === 'approved'
      ? [
          `Engine: ${engine.reachable ? `${engine.kind} ${engine.version}` : 'none answers; it is looked for again'}`,
          `Desired state: ${device.generation === 0 ? 'none yet' : `generation ${device.generation}`}`,
        ]
      : []),
    ...device.slots.map(slotLine),
    backlogLine(link.lanes, now),
    ...(device.waiting === '' ? [] : [`Waiting: ${device.waiting}`]),
  ];
  return lines.join('\n');
};

type Running = Extract<Status, { kind: 'running' }>;

type Site = NonNullable<Running['link']['site']>;

/** Who else is there, who runs the leaf and why, and what was refused. */
const siteLines = (
  site: Running['link']['site'],
  device: Running['device'],
  now: number,
): string[] => {
  if (site === null) return [];
  const { holder, why } = site.gateway;
  const names = new Map(site.members.map(({ deviceId, name }) => [deviceId, name]));
  const named = holder === device.deviceId ? 'this device' : (names.get(holder ?? '') ?? holder);
  return [
    `Gateway: ${named ?? 'none'}${why === '' ? '' : `, because ${why}`}`,
    `Site: ${aliveSentence(site)}${site.waiting === '' ? '' : ` ${site.waiting}`}`,
    ...site.members.map((member) => `  ${memberLine(member, now)}`),
    ...(site.refused === 0
      ? []
      : [`Refused: ${site.refused} packets and requests since the agent started.`]),
    ...site.warnings.map(({ text, at }) => `Warning, ${age(now - at)} ago: ${text}`),
  ];
};

const aliveSentence = ({ members }: Site): string => {
  if (members.length === 0) return 'this is its only device.';
  const alive = members.filter(({ status }) => status === 'alive').length;
  return `${alive} of ${members.length} other ${members.length === 1 ? 'device is' : 'devices are'} alive.`;
};

const memberLine = (member: Site['members'][number], now: number): string => {
  const { deviceId, name, address, status, since, uplink, leaf } = member;
  if (status === 'unknown') return `${deviceId}: not heard of yet`;
  const state = `${name} at ${address}: ${status} for ${age(now - since)}`;
  if (status === 'dead' || status === 'left') return state;
  const way = uplink === 0 ? 'no uplink' : `uplink ${uplink} of 255`;
  return `${state}, ${way}${leaf ? ', runs a leaf' : ''}`;
};

const linkLine = (link: Extract<Status, { kind: 'running' }>['link'], now: number): string => {
  const since = `for ${age(now - link.since)}`;
  switch (link.state) {
    case 'connected':
      return `connected ${since}, through ${link.through ?? 'the hub'}`;
    case 'connecting':
      return `connecting ${since}`;
    case 'offline':
      return `out of reach ${since}. Containers run on; what happens is kept and sent later.`;
    case 'waiting-for-approval':
      return 'this device waits for approval';
  }
};

const leafLine = ({
  running,
  hubConnected,
}: {
  running: boolean;
  hubConnected: boolean;
}): string => {
  if (!running) return 'not running; it is started again';
  return hubConnected ? 'runs, linked to the hub' : 'runs, the hub is out of reach';
};

const refusedLine = (counts: Readonly<Record<string, number>>): string[] => {
  const parts = Object.entries(counts).map(([code, count]) => `${count} as ${code}`);
  return parts.length === 0
    ? []
    : [`Refused records since the agent started: ${parts.join(', ')}.`];
};

const slotLine = (
  slot: Extract<Status, { kind: 'running' }>['device']['slots'][number],
): string => {
  const instead =
    slot.runningVersion !== null && slot.runningVersion !== slot.version
      ? `, ${slot.runningVersion} runs`
      : '';
  return `Bundle ${slot.bundleName} ${slot.version}: ${slot.status}${instead}${slot.reason === null ? '' : `: ${slot.reason}`}`;
};

const backlogLine = (
  lanes: readonly { lane: string; backlogRows: number; oldestAt: number | null }[],
  now: number,
): string => {
  const waiting = lanes.filter(({ backlogRows }) => backlogRows > 0);
  if (waiting.length === 0) return 'Everything is confirmed by the cloud.';
  const parts = waiting.map(({ lane, backlogRows }) => `${backlogRows} ${lane}`);
  const oldest = Math.min(...waiting.map(({ oldestAt }) => oldestAt ?? now));
  return `Not yet confirmed: ${parts.join(', ')}; the oldest is ${age(now - oldest)} old.`;
};

const age = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} days`;
};
