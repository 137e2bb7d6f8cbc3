/**
 * Changes the desired states of devices: lock, decide, sign, store, all in the caller's transaction.
 * The one place where the director key signs, so every generation comes from here.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Kek } from '@signalbeam/platform/keys/kek';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { type Author, changeTenant } from '@signalbeam/platform/postgres/tenant';
import type { Desired, Slot } from '@signalbeam/sync/core/manifest';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { sealDesired } from '@signalbeam/sync/wire/records';
import type { PoolClient } from 'pg';
import type { SlotsChange } from '../core/slots.ts';
import { type SlotSecrets, sealSecretsFor, withinBytes, withSecrets } from '../secrets/seal.ts';
import { type NewDesired, type Target, writeDesired } from '../store/desired.ts';

/** Thrown to undo a transaction that lost a race; `retrying` begins it again. */
class LostRace extends Error {}

const attemptsMax = 20;

const lost = (error: unknown): boolean =>
  error instanceof LostRace ||
  // A deadlock victim and the loser of a unique index raced, too: a fresh look decides.
  (error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '23505'));

/** Runs a tenant's transaction again while others were faster; the last failure is the caller's. */
export const retrying = async <T>(
  pool: Pool,
  author: Author,
  fn: (sql: PoolClient) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await changeTenant(pool, author, fn);
    } catch (error) {
      if (!lost(error)) throw error;
      if (attempt >= attemptsMax) {
        throw refusal('conflict', 'Others keep changing the same devices; nothing was changed.', {
          cause: error,
          next: 'Try again.',
        });
      }
    }
  }
};

/** No device is told so many wishes: one that says so would use up the numbers that there are. */
export const generationMax = 2 ** 48;

export const nextGenerationOf = ({ generation, reportedGeneration }: Target): number =>
  Math.max(generation, reportedGeneration < generationMax ? reportedGeneration : 0) + 1;

/** 90 days: signed afresh at half of it, so only who hears nothing for so long has an old one. */
export const desiredLifeMs = 90 * 86_400_000;

export type DesiredChange = { target: Target; slots: Slot[]; generation: number };

/** What is stored is the envelope and the slots without secrets: those are in the envelope alone. */
const seal = (
  change: DesiredChange,
  sealed: readonly SlotSecrets[],
  signing: { tenantId: string; director: Signer; issuedAt: string },
): NewDesired => {
  const { target, generation, slots } = change;
  const { deviceId } = target;
  const { tenantId, director, issuedAt } = signing;
  const expiresAt = new Date(Date.parse(issuedAt) + desiredLifeMs).toISOString();
  const desired: Desired = { tenantId, deviceId, generation, issuedAt, expiresAt, slots };
  const envelope = withinBytes(sealed, (secrets) =>
    sealDesired({ ...desired, slots: withSecrets(slots, secrets) }, director),
  );
  return { deviceId, expected: target.generation, generation, slots, envelope };
};

/** Signs and stores; throws what `retrying` understands when another change came first. */
export const storeChanges = async (
  sql: Sql,
  changes: readonly DesiredChange[],
  signing: { tenantId: string; director: Signer; kek: Kek; nowMs: number },
): Promise<void> => {
  if (changes.length === 0) return;
  const { tenantId, director, kek } = signing;
  const issuedAt = new Date(signing.nowMs).toISOString();
  const secrets = await sealSecretsFor(sql, { tenantId, kek }, changes);
  const states = changes.map((change) =>
    seal(change, secrets.get(change.target.deviceId) ?? [], { tenantId, director, issuedAt }),
  );
  if (!(await writeDesired(sql, tenantId, states, issuedAt))) throw new LostRace();
};

/** Applies a rule to each target; targets it leaves alone are not in the result. */
export const changesOf = (
  targets: readonly Target[],
  rule: (target: Target, generation: number) => SlotsChange,
): DesiredChange[] => {
  const full: string[] = [];
  const changes = targets.flatMap((target): DesiredChange[] => {
    const generation = nextGenerationOf(target);
    const change = rule(target, generation);
    if (change.kind === 'too-many') full.push(target.name);
    return change.kind === 'changed' ? [{ target, slots: change.slots, generation }] : [];
  });
  if (full.length > 0) {
    throw refusal('conflict', `No more bundles fit on ${full.slice(0, 10).join(', ')}.`, {
      next: 'Withdraw a bundle there first.',
    });
  }
  return changes;
};
