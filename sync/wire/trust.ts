/**
 * The border of trust: the bytes of a record and the name it was asked for go in; what is believed
 * after it comes out. Signature first, then audience, then version; only what passed all three
 * changes anything. The decisions are in ../core/trust.ts; here are their crypto and schemas.
 */
import { siteRecordBytesMax } from '../core/limits.ts';
import type { RecordName } from '../core/records.ts';
import { judgeKeyset, judgeRoot, type RootOfTrust, startTrust, type Trust } from '../core/trust.ts';
import { envelopeSchema } from './dsse.ts';
import { type Offered, offerToRole, type Refused, refusedRecord } from './offer.ts';
import { type Root, rootSchema } from './record-schemas.ts';
import { openKeyset, openRoot, releaseDigestOf } from './records.ts';
import { parseJson } from './shape.ts';

const rootOf = (root: Root): RootOfTrust => ({
  version: root.version,
  threshold: root.threshold,
  keys: root.keys,
  expiresAtMs: Date.parse(root.expiresAt),
});

/**
 * A root whose own keys signed it: what a device pins at its enrolment. The one place where
 * something is read before it is verified, because the keys to verify it by are in it.
 */
export const pinRoot = (
  bytes: Uint8Array,
  builtAtMs: number,
): { kind: 'pinned'; trust: Trust; root: Root } | Refused => {
  const envelope = parseJson(bytes, envelopeSchema, siteRecordBytesMax);
  if (envelope.kind === 'refused') return refusedRecord('malformed-envelope', envelope.reason);
  const payload = Buffer.from(envelope.value.payload, 'base64');
  const unverified = parseJson(payload, rootSchema.loose(), siteRecordBytesMax);
  if (unverified.kind === 'refused') return refusedRecord('bad-payload', unverified.reason);
  const opened = openRoot(bytes, unverified.value.keys, unverified.value.threshold);
  if (opened.kind === 'refused') return opened;
  const { value, keyIds } = opened;
  const trust = startTrust(value.tenantId, rootOf(value), builtAtMs);
  const floor = { version: value.version, digest: releaseDigestOf(bytes), keyIds };
  return {
    kind: 'pinned',
    trust: { ...trust, floors: new Map([['tenant/root', floor]]) },
    root: value,
  };
};

/** The old root's threshold verifies it first; only then are the keys in it used. */
const offerRoot = (trust: Trust, bytes: Uint8Array): Offered => {
  const byOld = openRoot(bytes, trust.root.keys, trust.root.threshold);
  if (byOld.kind === 'refused') return byOld;
  const root = byOld.value;
  const byOwn = openRoot(bytes, root.keys, root.threshold);
  if (byOwn.kind === 'refused') return byOwn;
  const keyIds = [...new Set([...byOld.keyIds, ...byOwn.keyIds])];
  const candidate = {
    name: 'tenant/root' as const,
    tenantId: root.tenantId,
    version: root.version,
    digest: releaseDigestOf(bytes),
    keyIds,
    issuedAtMs: Date.parse(root.issuedAt),
  };
  const verdict = judgeRoot(trust, candidate, rootOf(root));
  return verdict.kind === 'refused'
    ? verdict
    : { ...verdict, record: { kind: 'root', value: root } };
};

const offerKeyset = (trust: Trust, bytes: Uint8Array): Offered => {
  const opened = openKeyset(bytes, trust.root.keys, trust.root.threshold);
  if (opened.kind === 'refused') return opened;
  const { value, keyIds } = opened;
  const candidate = {
    name: 'tenant/keyset' as const,
    tenantId: value.tenantId,
    version: value.version,
    digest: releaseDigestOf(bytes),
    keyIds,
    issuedAtMs: Date.parse(value.issuedAt),
  };
  const { version, roles, thresholds } = value;
  const verdict = judgeKeyset(trust, candidate, { version, roles, thresholds });
  return verdict.kind === 'refused' ? verdict : { ...verdict, record: { kind: 'keyset', value } };
};

/**
 * Judges a record by the name it was asked for: nothing is believed because of who brought it.
 * `site` is where this device is; records of other sites are not for it.
 */
export const offerRecord = (
  trust: Trust,
  site: string,
  name: RecordName,
  bytes: Uint8Array,
): Offered => {
  if (name === 'tenant/root') return offerRoot(trust, bytes);
  if (name === 'tenant/keyset') return offerKeyset(trust, bytes);
  return offerToRole(trust, site, name, bytes);
};
