/**
 * What the device believes, joined to the rest of the agent: records that are taken in or refused
 * are told as events, a desired state passes the same floors as every record, and what is stale or
 * revoked starts no new version.
 */
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import { installHold, staleParts } from '@signalbeam/sync/core/staleness';
import { moveToSite } from '@signalbeam/sync/core/trust';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import type { Offered } from '@signalbeam/sync/wire/offer';
import { openDesired, openRevocation, type RoleKeys } from '@signalbeam/sync/wire/records';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { offerRecord } from '@signalbeam/sync/wire/trust';
import { openTrustStore, type TrustStore, type TrustStoreParts } from '../store/trust.ts';

type Accepted = { kind: 'accepted' | 'unchanged' | 'refused' };

export type Believing = TrustStore & {
  acceptDesired(envelope: Uint8Array): Accepted;
  /** Why no new version may start; null when one may. */
  hold(): string | null;
  /**
   * Whether a new enrolment of this device is the cloud's: its roster must follow from what is
   * believed already, so that nobody on the way there can move a device. `roots` lead to its keys.
   */
  judgeEnrolment(enrolment: Enrolment, roots: readonly Uint8Array[]): Judged;
  /** What the cloud says at the end: believed like any record, whoever brings it. */
  hear(farewell: {
    roots: readonly Uint8Array[];
    keyset: Uint8Array;
    revocation: Uint8Array;
  }): void;
  /** How this device was removed, as the revocation in force says; null while it is not. */
  removed(): Removed | null;
};

export type Removed = { removal: Removal; wipe: Wipe | null; at: number };

export type Judged = { kind: 'believed' } | { kind: 'refused'; reason: string };

/** What only the floors know: the journal's own may be lost with its database. */
const floorFaults = new Set<string>([
  'rollback',
  'fast-forward',
  'equivocation',
  'too-many-records',
]);

const changes: Partial<Record<RecordName, string>> = {
  'tenant/root': "The tenant's root of trust",
  'tenant/keyset': "The tenant's key set",
};

export const openTrust = (
  parts: TrustStoreParts & {
    identity: { deviceId: string; nkey: string };
    appendEvent: (event: EventBody) => void;
    /** Takes what passed as the newest desired state; called inside the commit. */
    accept: (envelope: Uint8Array) => Accepted;
  },
): Believing => {
  const { identity, appendEvent } = parts;
  const store = openTrustStore(parts);
  const desiredName: RecordName = `device/${identity.deviceId}/desired`;
  /** The last refusal of each name: a record that is offered again and again is told once. */
  const refusals = new Map<RecordName, string>();
  const isRevoked = (): boolean => store.trust().revoked.has(identity.nkey);
  let revoked = isRevoked();

  const desiredEndMs = endOfDesired(store, desiredName);

  const tell = (name: RecordName, offered: Offered): void => {
    if (offered.kind === 'refused') {
      if (refusals.get(name) === offered.code) return;
      refusals.set(name, offered.code);
      const { code, reason } = offered;
      parts.log('warn', 'A record was refused', { name, code, reason });
      appendEvent({
        type: 'record-refused',
        severity: 'warning',
        message: `${name} was refused: ${reason}. What was believed before stays.`.slice(0, 1_000),
        data: { name, code },
      });
      return;
    }
    refusals.delete(name);
    const what = changes[name];
    if (offered.kind === 'accepted' && what !== undefined) {
      const version = store.trust().floors.get(name)?.version ?? 0;
      const message = `${what} is at version ${version}.`;
      appendEvent({ type: 'trust-changed', severity: 'info', message, data: { name, version } });
    }
    if (isRevoked() === revoked) return;
    revoked = isRevoked();
    if (!revoked) return;
    appendEvent({
      type: 'revoked',
      severity: 'error',
      message: describeRemoval(removedBy(store, identity)?.removal ?? 'deleted'),
      data: {},
    });
  };
  const offer: TrustStore['offer'] = (name, bytes, alongside) => {
    const offered = store.offer(name, bytes, alongside);
    tell(name, offered);
    return offered;
  };
  return {
    ...store,
    offer,
    acceptDesired: (envelope) => {
      let accepted: Accepted = { kind: 'refused' };
      const offered = store.offer(desiredName, envelope, () => {
        accepted = parts.accept(envelope);
      });
      if (offered.kind === 'accepted') return accepted;
      // Not new, or not believed at all: the reconciler knows it, or refuses it and says why.
      if (offered.kind === 'unchanged' || !floorFaults.has(offered.code)) {
        return parts.accept(envelope);
      }
      tell(desiredName, offered);
      return { kind: 'refused' };
    },
    hear: ({ roots, keyset, revocation }) => {
      for (const root of roots) offer('tenant/root', root);
      offer('tenant/keyset', keyset);
      offer('tenant/revocation', revocation);
    },
    removed: () => removedBy(store, identity),
    judgeEnrolment: judgeBy({ trust: store.trust, offer }, identity),
    hold: () => {
      const removed = removedBy(store, identity);
      if (removed !== null) return describeRemoval(removed.removal);
      if (isRevoked()) return describeRemoval('deleted');
      return installHold(staleParts(store.trust(), desiredEndMs()));
    },
  };
};

/**
 * When the desired state in force expires; null when it does not, or its signer was withdrawn. Asked
 * for at every look at the containers, so it is verified once for what it hangs on.
 */
const endOfDesired = (store: TrustStore, name: RecordName): (() => number | null) => {
  let known: { by: RoleKeys; atMs: number | null } | null = null;
  store.onChange((changed) => {
    if (changed === name) known = null;
  });
  return () => {
    const by = store.keyset();
    if (known === null || known.by !== by) known = { by, atMs: endOf(store.held(name), by) };
    return known.atMs;
  };
};

const endOf = (desired: Uint8Array | null, by: RoleKeys): number | null => {
  const opened = desired === null ? null : openDesired(desired, by);
  if (opened?.kind !== 'opened' || opened.value.expiresAt === undefined) return null;
  return Date.parse(opened.value.expiresAt);
};

const judgeBy =
  (
    { trust, offer }: Pick<TrustStore, 'trust' | 'offer'>,
    identity: { deviceId: string; nkey: string },
  ): Believing['judgeEnrolment'] =>
  (enrolment, roots) => {
    for (const root of roots) offer('tenant/root', root);
    const keys = offer('tenant/keyset', Buffer.from(enrolment.records.keyset, 'base64'));
    if (keys.kind === 'refused') return keys;
    // As it would be read at the new site: what was seen at this one has no say there.
    const roster = Buffer.from(enrolment.records.roster, 'base64');
    const offered = offerRecord(moveToSite(trust()), enrolment.site, 'site/roster', roster);
    if (offered.kind === 'refused') return offered;
    const known = offered.kind === 'accepted' && offered.trust.members.get(identity.deviceId);
    if (known === identity.nkey) return { kind: 'believed' };
    return { kind: 'refused', reason: 'its roster is without this device' };
  };

const removedBy = (
  { held, keyset, trust }: Pick<TrustStore, 'held' | 'keyset' | 'trust'>,
  { nkey }: { nkey: string },
): Removed | null => {
  if (!trust().revoked.has(nkey)) return null;
  const bytes = held('tenant/revocation');
  const opened = bytes === null ? null : openRevocation(bytes, keyset());
  if (opened?.kind !== 'opened') return null;
  const own = opened.value.devices.find(({ publicKey }) => publicKey === nkey);
  if (own === undefined) return null;
  const { removal = 'deleted', wipe = null, revokedAt } = own;
  return { removal, wipe, at: Date.parse(revokedAt) };
};

/** What a person is told who stands before it. */
export const describeRemoval = (removal: Removal): string => {
  const what = {
    deleted: 'An operator deleted this device',
    replaced: 'Another device took the place of this one',
    decommissioned: 'An operator decommissioned this device',
  }[removal];
  return `${what}; it is revoked for good. What runs goes on; no new version starts.`;
};
