/**
 * Changes a tenant's keys: rotates those of a role, and takes over roots and key sets that were
 * signed outside. What comes from outside is judged as a device would judge it, so what is stored
 * here is what devices believe. One change at a time per tenant.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeysAlone } from '@signalbeam/platform/keys/hold-keys';
import { addRoleKey, readRoleKeys, withdrawRoleKeys } from '@signalbeam/platform/keys/role-keys';
import {
  holdsRoot,
  insertTenantRecord,
  readTenantTrust,
  type TenantRecords,
  wantedKeyset,
} from '@signalbeam/platform/keys/tenant-records';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Author } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { siteRecordBytesMax } from '@signalbeam/sync/core/limits';
import { type Role, roles } from '@signalbeam/sync/core/records';
import type { Trust } from '@signalbeam/sync/core/trust';
import { addSignature } from '@signalbeam/sync/wire/dsse';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { type Keyset, payloadTypes } from '@signalbeam/sync/wire/records';
import { offerRecord } from '@signalbeam/sync/wire/trust';
import type { Parts } from '../api/parts.ts';
import { signAllAgain } from '../store/memberships.ts';

export type By = Author;

type State = { trust: Trust; records: TenantRecords };

const alone = async <T>(parts: Parts, by: By, change: (sql: Sql, state: State) => Promise<T>) => {
  const { tenantId } = by;
  // Made first if the tenant is older than its records.
  await parts.keyring.tenant(tenantId);
  const changed = await transaction(parts.pools.system, async (sql) => {
    await holdKeysAlone(sql, tenantId);
    const state = await readTenantTrust(sql, tenantId);
    if (state === null) throw new Error(`tenant ${tenantId} has no records`);
    return change(sql, state);
  });
  parts.keyring.forget(tenantId);
  return changed;
};

const newestOf = (keyset: Keyset, role: Role): string | undefined => keyset.roles[role][0]?.keyId;

const tell = async (
  sql: Sql,
  by: By,
  action: string,
  change: { before: TenantRecords; keyset?: Keyset; rootVersion?: number; role?: Role },
): Promise<void> => {
  const { before, keyset, rootVersion, role } = change;
  await writeAudit(sql, {
    tenantId: by.tenantId,
    actor: by.actor,
    action,
    target: `tenant:${by.tenantId}`,
    before: { root: before.root.version, keyset: before.keyset.version },
    after: {
      root: rootVersion ?? before.root.version,
      keyset: keyset?.version ?? before.keyset.version,
      ...(role === undefined ? {} : { role }),
    },
    ip: by.ip,
    requestId: by.requestId,
  });
};

const storeKeyset = async (
  sql: Sql,
  by: By,
  state: State,
  next: { keyset: Keyset; envelope: Uint8Array },
): Promise<void> => {
  const { tenantId } = by;
  const { version } = next.keyset;
  await insertTenantRecord(sql, { tenantId, name: 'keyset', version, envelope: next.envelope });
  const before = state.records.keyset.value;
  if (newestOf(before, 'membership') !== newestOf(next.keyset, 'membership')) {
    await signAllAgain(sql, tenantId);
  }
};

/** A new key beside the older ones, a new key instead of them, or only an end to them. */
export const rotations = ['add', 'replace', 'withdraw-old'] as const;

/**
 * Changes the keys of a role. While the
 * development root is in force the key set follows at once; else it waits for its signatures.
 */
export const rotateRole = (
  parts: Parts,
  by: By,
  wish: { role: Role; change: (typeof rotations)[number] },
): Promise<void> =>
  alone(parts, by, async (sql, state) => {
    const { tenantId } = by;
    const { role } = wish;
    const at = new Date(parts.now());
    if (wish.change !== 'withdraw-old') {
      const withdraw = wish.change === 'replace';
      await addRoleKey(sql, parts.kek, { tenantId, role, withdraw, at });
    } else {
      const held = await readRoleKeys(sql, parts.kek, tenantId);
      const newest = held.filter((key) => key.role === role).at(-1);
      const below = newest?.generation ?? 1;
      await withdrawRoleKeys(sql, { tenantId, role, below, at });
    }
    const { root } = await parts.keyring.tenant(tenantId);
    const keyset = await nextKeyset(parts, sql, state);
    await tell(sql, by, 'keys.rotate', { before: state.records, keyset, role });
    if (!holdsRoot(state.records, root)) return;
    const envelope = sealRecord(payloadTypes.keyset, keyset, [root]);
    await storeKeyset(sql, by, state, { keyset, envelope });
  });

/** What the key set after the one in force should say. */
export const nextKeyset = async (
  parts: Pick<Parts, 'kek' | 'now'>,
  sql: Sql,
  { records }: Pick<State, 'records'>,
): Promise<Keyset> => {
  const { tenantId, version, thresholds } = records.keyset.value;
  const held = await readRoleKeys(sql, parts.kek, tenantId);
  return wantedKeyset(tenantId, held, { version: version + 1, nowMs: parts.now(), thresholds });
};

const refused = (reason: string, next: string) => refusal('keys-refused', reason, { next });

/** A device's own judgement; anything but an acceptance refuses the whole change. */
const judged = (trust: Trust, name: 'tenant/root' | 'tenant/keyset', bytes: Uint8Array) => {
  const offered = offerRecord(trust, '', name, bytes);
  if (offered.kind === 'accepted') return offered;
  const why = offered.kind === 'refused' ? `${offered.reason} (${offered.code})` : 'it is not new';
  const what = name === 'tenant/root' ? 'root' : 'key set';
  throw refused(
    `The ${what} was refused: ${why}. Nothing was changed.`,
    'Fetch the present records again (keys show), and make the next ones from them.',
  );
};

/** The cloud goes on signing, so each role must name a key that it holds. */
const checkUsable = async (parts: Parts, sql: Sql, keyset: Keyset): Promise<void> => {
  const held = await readRoleKeys(sql, parts.kek, keyset.tenantId);
  for (const role of roles) {
    const named = new Set(keyset.roles[role].map(({ keyId }) => keyId));
    const own = held.filter((key) => key.role === role && !key.withdrawn);
    if (own.some(({ signer }) => named.has(signer.keyId))) continue;
    throw refused(
      `The key set names no ${role} key that this cloud holds. Nothing was changed.`,
      'Sign the key set that keys show proposes.',
    );
  }
  for (const { role, generation, signer, withdrawn } of held) {
    const named = keyset.roles[role].some(({ keyId }) => keyId === signer.keyId);
    if (named && withdrawn) {
      throw refused(
        `The key set names a ${role} key that was withdrawn. Nothing was changed.`,
        'Sign the key set that keys show proposes.',
      );
    }
    const newest = Math.max(...held.filter((key) => key.role === role).map((k) => k.generation));
    if (named || withdrawn || generation === newest) continue;
    const at = new Date(parts.now());
    await withdrawRoleKeys(sql, { tenantId: keyset.tenantId, role, below: generation + 1, at });
  }
};

/** Takes over a key set, and before it the next root if there is one. Both or neither. */
export const acceptKeys = (
  parts: Parts,
  by: By,
  given: { root: Uint8Array | null; keyset: Uint8Array },
): Promise<void> =>
  alone(parts, by, async (sql, state) => {
    const { tenantId } = by;
    let { trust } = state;
    let rootVersion = trust.root.version;
    if (given.root !== null) {
      const { root } = await parts.keyring.tenant(tenantId);
      const bytes = holdsRoot(state.records, root) ? signedByUs(given.root, root) : given.root;
      const offered = judged(trust, 'tenant/root', bytes);
      trust = offered.trust;
      rootVersion = trust.root.version;
      const record = { tenantId, name: 'root', version: rootVersion, envelope: bytes } as const;
      await insertTenantRecord(sql, record);
    }
    const { record } = judged(trust, 'tenant/keyset', given.keyset);
    if (record.kind !== 'keyset') throw new Error('a key set was judged as something else');
    await checkUsable(parts, sql, record.value);
    await storeKeyset(sql, by, state, { keyset: record.value, envelope: given.keyset });
    const change = { before: state.records, keyset: record.value, rootVersion };
    await tell(sql, by, 'keys.accept', change);
  });

/** The development root hands over: its signature is the old threshold of the next root. */
const signedByUs = (bytes: Uint8Array, root: Parameters<typeof addSignature>[1]): Uint8Array => {
  try {
    return addSignature(bytes, root, siteRecordBytesMax);
  } catch {
    throw refused('The root is no signed envelope.', 'Make it with: signalbeam keys init');
  }
};
