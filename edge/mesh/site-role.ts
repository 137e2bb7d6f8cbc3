/**
 * The gateway role at run time: asks the pure choice over what the mesh knows, whenever that
 * changed or time alone may change it, and holds or releases the role by it. The choice itself is
 * sync/mesh/gateway-role.ts; the leaf is edge/link's.
 */
import {
  type Candidate,
  chooseGateway,
  type Held,
  nobodyHolds,
} from '@signalbeam/sync/mesh/gateway-role';
import type { OwnClaim } from '@signalbeam/sync/mesh/message';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import type { GatewayRole } from '../link/gateway-role.ts';
import type { Log } from '../link/up.ts';
import { createLeafSilence } from './leaf-silence.ts';
import type { SiteMember } from './site-members.ts';

export type SiteRole = {
  decide(): void;
  choice(): Held;
  /** This device takes itself for the gateway. */
  holds(): boolean;
  stop(): void;
};

const wakeMsMin = 50;

export const startSiteRole = (parts: {
  self: string;
  always: boolean;
  claim: () => OwnClaim;
  members: () => readonly SiteMember[];
  role: Pick<GatewayRole, 'hold' | 'release'>;
  /** The site has no gateway that works: how the uplink is, is worth knowing now. */
  urgent: (yes: boolean) => void;
  onChange: () => void;
  now: () => number;
  log: Log;
  timers?: Timers;
}): SiteRole => {
  const { self, always, role, now, log } = parts;
  const timers = parts.timers ?? systemTimers;
  const startedAt = now();
  let held: Held = nobodyHolds;
  let cancelWake = (): void => {};
  const silence = createLeafSilence({ onChange: () => decide(), timers });
  const holds = (): boolean => always || held.holder === self;

  const decide = (): void => {
    cancelWake();
    const members = parts.members();
    silence.watch(suspectOf(members, held.holder));
    const own: Candidate = { device: self, status: 'alive', claim: parts.claim() };
    const others = members.map(
      ({ deviceId, status, claim }): Candidate => ({ device: deviceId, status, claim }),
    );
    const candidates = [own, ...others];
    const leafSilent = silence.isSilent();
    const before = held.holder;
    held = chooseGateway(candidates, held, { now: now(), startedAt, leafSilent });
    const { holder, why, wakeAt } = held;
    if (holder !== before) log('info', 'The gateway of the site', { holder, why });
    if (holds()) role.hold();
    else role.release();
    const uplink = candidates.find(({ device }) => device === holder)?.claim?.uplink ?? 0;
    parts.urgent(uplink === 0 || leafSilent);
    if (wakeAt !== null) {
      cancelWake = timers.after(Math.max(wakeMsMin, wakeAt - now()), decide, 'background');
    }
    parts.onChange();
  };
  return {
    decide,
    choice: () => held,
    holds,
    stop: () => {
      cancelWake();
      silence.stop();
    },
  };
};

const suspectOf = (members: readonly SiteMember[], holder: string | null) => {
  const found = members.find(({ deviceId, status }) => deviceId === holder && status === 'suspect');
  if (found === undefined) return null;
  const { deviceId, peer, claim } = found;
  const port = claim?.leafPort ?? 0;
  return { deviceId, leaf: peer === null || port === 0 ? null : { host: peer.host, port } };
};
