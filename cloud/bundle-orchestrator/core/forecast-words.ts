/**
 * What the beginning of a wave depends on, one sentence each: what the gate of the wave before it asks
 * for, and what slows that down as far as it is known now. Pure.
 */
import type { Pace } from './pace.ts';
import type { Gate } from './wave.ts';
import { part } from './wave-gate.ts';

export type WaveBefore = {
  name: string;
  /** As the tenant asks for approvals now. */
  gate: Gate;
  devices: number;
  /** Not heard of now. */
  silent: number;
  /** Another rollout of the bundle is at work on them. */
  busy: number;
};

const units = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const;

export const spanWords = (ms: number): string => {
  for (const [size, unit] of units) {
    if (ms < size || ms % size !== 0) continue;
    const count = ms / size;
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${Math.ceil(ms / 1_000)} seconds`;
};

const devicesOf = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const confirmWords = ({ name, gate, devices }: WaveBefore): string[] => {
  const needed = part(devices, gate.succeededPercentMin);
  if (needed === 0) return [];
  const who = needed === devices ? `all ${devices}` : `${needed} of the ${devices}`;
  const failed =
    gate.failedPercentMax === 0 ? 'none fails' : `at most ${gate.failedPercentMax} % fail`;
  return [
    devices === 1
      ? `The device of wave ${name} confirms.`
      : `${who[0]?.toUpperCase()}${who.slice(1)} devices of wave ${name} confirm, and ${failed}.`,
  ];
};

const paceWords = ({ windows, devicesPerHourMax, perSiteMax, redundancyTag }: Pace): string[] => [
  ...(windows.length > 0 ? ['Devices are told in the windows of the rollout only.'] : []),
  ...(devicesPerHourMax === null ? [] : [`At most ${devicesPerHourMax} are told in an hour.`]),
  ...(perSiteMax === null ? [] : [`At most ${perSiteMax} at one site are at work at once.`]),
  ...(redundancyTag === null
    ? []
    : [`Of those with the same ${redundancyTag} one is at work at once.`]),
];

/** Who is stuck, and who fails, by itself. */
const triesWords = ({ deviceTimeoutMs, retriesMax, retryAfterMs }: Pace): string[] => [
  ...(deviceTimeoutMs === null
    ? []
    : [`One that is heard of and takes longer than ${spanWords(deviceTimeoutMs)} fails.`]),
  ...(retriesMax === 0
    ? []
    : [
        `One that fails tries again ${retriesMax === 1 ? 'once' : `up to ${retriesMax} times`}, first after ${spanWords(retryAfterMs)}.`,
      ]),
];

const silenceWords = ({ gate, silent }: WaveBefore): string[] => {
  if (silent === 0) return [];
  const who = silent === 1 ? '1 is not heard of now' : `${silent} are not heard of now`;
  const needsAll = gate.succeededPercentMin > 0;
  if (!needsAll) return [];
  return gate.unreached.rule === 'wait'
    ? [`${who}: the gate waits for as many as it needs.`]
    : [
        `${who}: left out after ${spanWords(gate.unreached.afterMs)} if at least ${gate.unreached.reachedPercentMin} % were reached.`,
      ];
};

const approvalWords = {
  none: [],
  'any-person': ['Somebody approves.'],
  'another-person': ['Another person than who makes it approves.'],
} as const;

/** `atSites`: some site has windows of its own. */
export const dependsOn = (before: WaveBefore, pace: Pace, atSites: boolean): string[] => {
  const { gate, busy, devices } = before;
  const waitsForDevices = gate.succeededPercentMin > 0 && devices > 0;
  return [
    ...confirmWords(before),
    ...(waitsForDevices ? [...paceWords(pace), ...triesWords(pace)] : []),
    ...(atSites && waitsForDevices
      ? ['Devices of sites with windows are told in those only.']
      : []),
    ...silenceWords(before),
    ...(busy === 0 ? [] : [`Another rollout of the bundle is done on ${devicesOf(busy)}.`]),
    ...(gate.healthScoreMin === null
      ? []
      : [`As many have a health score of ${gate.healthScoreMin} since they confirmed.`]),
    ...(gate.alertFreeFrom === null
      ? []
      : [`No alert (${gate.alertFreeFrom} or worse) is open on them.`]),
    ...(gate.timeoutMs === null || !waitsForDevices
      ? []
      : [`All that within ${spanWords(gate.timeoutMs)} of its beginning, or the rollout stops.`]),
    ...(gate.soakMs === 0 ? [] : [`It stays so for ${spanWords(gate.soakMs)}.`]),
    ...approvalWords[gate.approval],
  ];
};
