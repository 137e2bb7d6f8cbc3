/**
 * The members of the mesh as the rest of the agent needs them: by the key that TLS proves, at the
 * address where HTTPS reaches them, with the time of their last change.
 */
import type { Status } from '@signalbeam/sync/mesh/mesh';
import type { Claim } from '@signalbeam/sync/mesh/message';
import type { MemberSeen } from '@signalbeam/sync/mesh/seen';
import type { PeerAddress } from './peer-tls.ts';

export type SiteMember = {
  deviceId: string;
  /** Raw, base64. */
  publicKey: string;
  status: Status;
  claim: Claim | null;
  /** Where its mesh is reached; null while that is not known. */
  address: string | null;
  /** Where it answers over HTTPS. */
  peer: PeerAddress | null;
};

/** `192.0.2.7:8481`; with 0 for the port it is the text's own. */
export const peerAddressOf = (address: string, port = 0): PeerAddress => {
  const colon = address.lastIndexOf(':');
  return {
    host: address.slice(0, colon),
    port: port === 0 ? Number(address.slice(colon + 1)) : port,
  };
};

export const siteMembers = (
  seen: readonly MemberSeen[],
  keys: ReadonlyMap<string, string>,
): SiteMember[] =>
  seen.flatMap(({ device, status, claim, address }) => {
    const publicKey = keys.get(device);
    if (publicKey === undefined) return [];
    const peer = address === null ? null : peerAddressOf(address, claim?.peerPort);
    return [{ deviceId: device, publicKey, status, claim, address, peer }];
  });

export const isHere = ({ status }: SiteMember): boolean =>
  status === 'alive' || status === 'suspect';
