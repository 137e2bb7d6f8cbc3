/**
 * What this device says of itself to its site: where it is, how good its way to the cloud is,
 * whether it can be the gateway and is. Read anew each time; the mesh spreads it when it differs.
 */
import { networkInterfaces } from 'node:os';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import type { Trust } from '@signalbeam/sync/core/trust';
import { claimAddressesMax } from '@signalbeam/sync/mesh/limits';
import type { OwnClaim } from '@signalbeam/sync/mesh/message';
import { claimedName } from '@signalbeam/sync/wire/mesh-message';
import { isClockBehind } from '../core/clock.ts';
import type { Leaf } from '../link/leaf.ts';
import type { PeerAddress } from './peer-tls.ts';

/** A leaf that is linked is worth more than a door that opens slowly. */
const linkedUplinkMin = 64;

export type OwnState = {
  name: string;
  agentVersion: string;
  mesh: PeerAddress;
  peerPort: number;
  gateway: 'auto' | 'always' | 'never';
  /** The program for the leaf is there. */
  canRunLeaf: boolean;
  trust: Trust;
  nowMs: number;
  /** It takes itself for the gateway. */
  holds: boolean;
  leaf: Leaf | null;
  probed: number;
  /** A neighbour may use its way to the cloud. */
  linked: boolean;
};

export const ownClaim = (state: OwnState): OwnClaim => {
  const leaf = state.leaf?.state();
  return {
    name: claimedName(state.name),
    addresses: ownAddresses(state.mesh),
    peerPort: state.peerPort,
    uplink: uplinkOf(state),
    canRunLeaf: state.canRunLeaf && state.gateway !== 'never',
    // A device whose clock is below what was signed already can't be sure of any certificate.
    clockOk: !isClockBehind(state.nowMs, timeFloorMs(state.trust.time)),
    chosen: state.gateway === 'always',
    gateway: state.holds,
    leafPort: leaf?.running === true ? (state.leaf?.port ?? 0) : 0,
    linked: state.linked,
    agentVersion: state.agentVersion,
  };
};

/** The leaf knows best: an open door says little about the hub behind it. */
const uplinkOf = ({ leaf, holds, probed }: OwnState): number => {
  const state = leaf?.state();
  if (state === undefined || !holds || !state.settled) return probed;
  return state.hubConnected ? Math.max(linkedUplinkMin, probed) : 0;
};

const ownAddresses = ({ host, port }: PeerAddress): string[] => {
  const hosts =
    host === '0.0.0.0'
      ? Object.values(networkInterfaces())
          .flatMap((each) => each ?? [])
          .filter(({ family, internal }) => family === 'IPv4' && !internal)
          .map(({ address }) => address)
      : [host];
  return hosts.slice(0, claimAddressesMax).map((each) => `${each}:${port}`);
};
