/** A device that pinned a root, and the records it may be offered: for the tests of trust. */
import { kindOf, type RecordKind, type RecordName } from '../core/records.ts';
import type { Trust } from '../core/trust.ts';
import type { Signer } from './keys.ts';
import { sealRecord } from './record-envelope.ts';
import {
  desiredWith,
  devices,
  expiresAt,
  issuedAt,
  keys,
  keysetWith,
  planId,
  rosterWith,
  site,
  tenantId,
  trusted,
} from './records.fixture.ts';
import { payloadTypes } from './records.ts';
import { offerRecord, pinRoot } from './trust.ts';

export const builtAtMs = Date.parse('2025-06-01T00:00:00.000Z');
export const me = devices[0].deviceId;
export const desiredName: RecordName = `device/${me}/desired`;

export const rootBytes = (
  version: number,
  signers: readonly Signer[],
  more: { keys?: readonly Signer[]; threshold?: number; expiresAt?: string } = {},
): Uint8Array =>
  sealRecord(
    payloadTypes.root,
    {
      tenantId,
      version,
      issuedAt,
      expiresAt: more.expiresAt ?? expiresAt,
      development: false,
      threshold: more.threshold ?? 1,
      keys: (more.keys ?? signers).map(trusted),
    },
    signers,
  );
export const keysetBytes = (
  version: number,
  signers: Partial<typeof keys> = {},
  by: readonly Signer[] = [keys.root],
): Uint8Array => sealRecord(payloadTypes.keyset, keysetWith(signers, version), by);
export const seal = (kind: RecordKind, value: object, by: Signer): Uint8Array =>
  sealRecord(payloadTypes[kind], value, [by]);
export const desiredBytes = (generation: number, by = keys.director) =>
  seal('desired', desiredWith({ generation }), by);
export const rosterBytes = (version: number, more = {}, by = keys.membership) =>
  seal('roster', rosterWith({ version, ...more }), by);
export const snapshotBytes = (version: number, more = {}, by = keys.membership) =>
  seal(
    'snapshot',
    {
      tenantId,
      site,
      version,
      issuedAt,
      expiresAt,
      root: 1,
      keyset: 1,
      revocation: 1,
      roster: 1,
      siteKey: 1,
      ...more,
    },
    by,
  );

export const offer = (trust: Trust, name: RecordName, bytes: Uint8Array) =>
  offerRecord(trust, site, name, bytes);
export const accept = (trust: Trust, name: RecordName, bytes: Uint8Array): Trust => {
  const offered = offer(trust, name, bytes);
  if (offered.kind !== 'accepted') throw new Error(JSON.stringify(offered));
  return offered.trust;
};
export const code = (trust: Trust, name: RecordName, bytes: Uint8Array): string => {
  const offered = offer(trust, name, bytes);
  return offered.kind === 'refused' ? offered.code : offered.kind;
};

export const pinned = (() => {
  const result = pinRoot(rootBytes(1, [keys.root]), builtAtMs);
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.trust;
})();
export const enrolled = accept(pinned, 'tenant/keyset', keysetBytes(1));
export const member = accept(enrolled, 'site/roster', rosterBytes(1));

export const nameOf = (kind: RecordKind): RecordName => {
  const names: Record<string, RecordName> = {
    root: 'tenant/root',
    keyset: 'tenant/keyset',
    revocation: 'tenant/revocation',
    roster: 'site/roster',
    'site-key': 'site/site-key',
    snapshot: 'site/snapshot',
    desired: desiredName,
    command: `device/${me}/command`,
    reported: `device/${me}/reported`,
    plan: `plan/${planId}`,
    grant: `grant/${planId}`,
    permit: `permit/${planId}/1`,
    halt: `halt/${keys.director.keyId}`,
  };
  const name = names[kind];
  if (name === undefined || kindOf(name) !== kind) throw new Error(kind);
  return name;
};
