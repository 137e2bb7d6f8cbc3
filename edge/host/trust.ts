/**
 * What the device believes, joined to the rest of the agent: records that are taken in or refused
 * are told as events, a desired state passes the same floors as every record, and what is stale or
 * revoked starts no new version.
 */
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import { installHold, staleSentence } from '@signalbeam/sync/core/staleness';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { moveToSite } from '@signalbeam/sync/core/trust';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import { openRevocation } from '@signalbeam/sync/wire/records';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import { offerRecord } from '@signalbeam/sync/wire/trust';
import { openTrustStore, type TrustStore, type TrustStoreParts } from '../store/trust.ts';
import { createTrustNews, describeRemoval } from './trust-news.ts';

type Accepted = { kind: 'accepted' | 'unchanged' | 'refused' };

export type Believing = TrustStore & {
  acceptDesired(envelope: Uint8Array): Accepted;
  /** Why no new version may start; null when one may. */
  hold(): string | null;
  /** That news may be held back; null while what is believed is fresh. */
  stale(): string | null;
  /** How many records were refused since the start, by code. */
  refused(): Readonly<Record<string, number>>;
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
  const isRevoked = (): boolean => store.trust().revoked.has(identity.nkey);
  const news = createTrustNews({
    ...{ store, desiredName, appendEvent, log: parts.log },
    removal: () => (isRevoked() ? (removedBy(store, identity)?.removal ?? 'deleted') : null),
  });
  const offer: TrustStore['offer'] = (name, bytes, alongside) => {
    const offered = store.offer(name, bytes, alongside);
    news.took(name, offered);
    return offered;
  };
  return {
    ...store,
    offer,
    witness: (by, atMs, keyIds) => {
      const before = timeFloorMs(store.trust().time);
      store.witness(by, atMs, keyIds);
      if (timeFloorMs(store.trust().time) > before) news.aged();
    },
    stale: () => staleSentence(news.stale()),
    refused: news.refused,
    acceptDesired: (envelope) => {
      let accepted: Accepted = { kind: 'refused' };
      const offered = store.offer(desiredName, envelope, () => {
        accepted = parts.accept(envelope);
      });
      if (offered.kind === 'accepted') {
        news.aged();
        return accepted;
      }
      // Not new, or not believed at all: the reconciler knows it, or refuses it and says why.
      if (offered.kind === 'unchanged' || !floorFaults.has(offered.code)) {
        return parts.accept(envelope);
      }
      news.took(desiredName, offered);
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
      return installHold(news.stale());
    },
  };
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
