/** What a person is shown of the site: who is there, who is the gateway and why, what was refused. */
import type { Held } from '@signalbeam/sync/mesh/gateway-role';
import type { Status } from '@signalbeam/sync/mesh/mesh';
import type { SiteMember } from './site-members.ts';
import type { SiteWarning } from './warnings.ts';

export type SiteShown = {
  /** All of the roster but this device; `unknown` was never heard. */
  members: {
    deviceId: string;
    name: string;
    status: Status;
    address: string;
    uplink: number;
    leaf: boolean;
    since: number;
  }[];
  gateway: { holder: string | null; why: string };
  waiting: string;
  /** Packets and requests that were refused since the agent started, for what a sound site never sends. */
  refused: number;
  warnings: readonly SiteWarning[];
  counters: Record<string, number>;
};

/** On a lossy network a piece is asked for again, and then comes twice. */
const ordinary = ['refused-piece-unasked'];

const order: readonly Status[] = ['alive', 'suspect', 'dead', 'left', 'unknown'];

export const showSite = (parts: {
  members: readonly SiteMember[];
  since: (deviceId: string) => number;
  choice: Held;
  waiting: string;
  warnings: readonly SiteWarning[];
  counters: Record<string, number>;
}): SiteShown => ({
  members: parts.members
    .map(({ deviceId, status, claim, address }) => ({
      deviceId,
      name: claim?.name ?? '',
      status,
      address: address ?? '',
      uplink: claim?.uplink ?? 0,
      leaf: (claim?.leafPort ?? 0) > 0,
      since: parts.since(deviceId),
    }))
    .sort(
      (a, b) =>
        order.indexOf(a.status) - order.indexOf(b.status) ||
        a.name.localeCompare(b.name) ||
        (a.deviceId < b.deviceId ? -1 : 1),
    ),
  gateway: { holder: parts.choice.holder, why: parts.choice.why },
  waiting: parts.waiting,
  refused: Object.entries(parts.counters)
    .filter(([name]) => name.includes('refused') && !ordinary.includes(name))
    .reduce((sum, [, count]) => sum + count, 0),
  warnings: parts.warnings,
  counters: parts.counters,
});
