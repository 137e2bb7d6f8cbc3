/**
 * What is told of trust: changes of root and key set, the own revocation, what has become too old,
 * and refusals. Whoever sends forgeries decides neither how many events there are nor what is kept
 * of them here: a refusal is told once for its kind of record and its code, and counted every time.
 */
import { kindOf, type RecordName } from '@signalbeam/sync/core/records';
import type { Removal } from '@signalbeam/sync/core/removal';
import { type StaleCode, staleParts, staleSentence } from '@signalbeam/sync/core/staleness';
import type { Offered } from '@signalbeam/sync/wire/offer';
import { openDesired, type RoleKeys } from '@signalbeam/sync/wire/records';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import type { TrustStore, TrustStoreParts } from '../store/trust.ts';

const changes: Partial<Record<RecordName, string>> = {
  'tenant/root': "The tenant's root of trust",
  'tenant/keyset': "The tenant's key set",
};

export const createTrustNews = (parts: {
  store: Pick<TrustStore, 'trust' | 'held' | 'keyset' | 'onChange'>;
  desiredName: RecordName;
  /** How this device was removed; null while it is not. */
  removal: () => Removal | null;
  appendEvent: (event: EventBody) => void;
  log: TrustStoreParts['log'];
}) => {
  const { store, appendEvent } = parts;
  /** By kind and code: a record that is offered again and again is told once, until one is taken. */
  const told = new Map<string, Set<string>>();
  const counts: Record<string, number> = {};
  let staleTold: ReadonlySet<StaleCode> = new Set();
  let removed = parts.removal() !== null;

  const desiredEndMs = endOfDesired(store, parts.desiredName);
  const stale = () => staleParts(store.trust(), desiredEndMs());
  /** Only a signed time or a record can change it. */
  const aged = (): void => {
    const found = stale();
    for (const one of found) {
      if (staleTold.has(one.code)) continue;
      const message = staleSentence([one]) ?? '';
      appendEvent({ type: 'trust-stale', severity: 'warning', message, data: { code: one.code } });
    }
    staleTold = new Set(found.map(({ code }) => code));
  };
  const refused = (name: RecordName, code: string, reason: string): void => {
    counts[code] = (counts[code] ?? 0) + 1;
    const codes = told.get(kindOf(name)) ?? new Set();
    if (codes.has(code)) return;
    told.set(kindOf(name), codes.add(code));
    parts.log('warn', 'A record was refused', { name, code, reason });
    appendEvent({
      type: 'record-refused',
      severity: 'warning',
      message: `${name} was refused: ${reason}. What was believed before stays.`.slice(0, 1_000),
      data: { name, code },
    });
  };
  const accepted = (name: RecordName): void => {
    told.delete(kindOf(name));
    const what = changes[name];
    if (what === undefined) return;
    const version = store.trust().floors.get(name)?.version ?? 0;
    const message = `${what} is at version ${version}.`;
    appendEvent({ type: 'trust-changed', severity: 'info', message, data: { name, version } });
  };
  aged();
  return {
    stale,
    aged,
    took: (name: RecordName, offered: Offered): void => {
      if (offered.kind === 'refused') refused(name, offered.code, offered.reason);
      if (offered.kind !== 'accepted') return;
      accepted(name);
      aged();
      const removal = parts.removal();
      if (removal !== null && !removed) {
        const message = describeRemoval(removal);
        appendEvent({ type: 'revoked', severity: 'error', message, data: {} });
      }
      removed = removal !== null;
    },
    refused: () => ({ ...counts }),
  };
};

/**
 * When the desired state in force expires; null when it does not, or its signer was withdrawn. Asked
 * for at every look at the containers, so it is verified once for what it hangs on.
 */
const endOfDesired = (
  store: Pick<TrustStore, 'held' | 'keyset' | 'onChange'>,
  name: RecordName,
): (() => number | null) => {
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

/** What a person is told who stands before it. */
export const describeRemoval = (removal: Removal): string => {
  const what = {
    deleted: 'An operator deleted this device',
    replaced: 'Another device took the place of this one',
    decommissioned: 'An operator decommissioned this device',
  }[removal];
  return `${what}; it is revoked for good. What runs goes on; no new version starts.`;
};
