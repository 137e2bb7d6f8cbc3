/**
 * Seals to each device the secrets that its slots name, when its desired state is made. One that has no
 * value for this device is left out, and so is what does not fit into the record: the device then
 * refuses the version by that name and keeps what runs. That all are there is asked before anything
 * starts (./check.ts).
 */
import type { Kek } from '@signalbeam/platform/keys/kek';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { recordBytesMax } from '@signalbeam/sync/core/limits';
import type { SealedSecret, Slot } from '@signalbeam/sync/core/manifest';
import { sealSecret } from '@signalbeam/sync/wire/secret';
import {
  keepGiven,
  secretsOfVersions,
  secretsToSeal,
  type ToSeal,
} from '../store/secrets-given.ts';
import { takeValue } from './value.ts';

export type SlotSecrets = { bundleId: string; secrets: SealedSecret[] };

type Change = { target: { deviceId: string }; slots: readonly Slot[] };

const versionKey = ({ bundleId, version }: { bundleId: string; version: string }): string =>
  `${bundleId} ${version}`;

const namesByVersion = async (
  sql: Sql,
  tenantId: string,
  changes: readonly Change[],
): Promise<Map<string, string[]>> => {
  const versions = new Map(
    changes.flatMap(({ slots }) => slots.map((slot) => [versionKey(slot), slot] as const)),
  );
  const named = await secretsOfVersions(sql, tenantId, [...versions.values()]);
  return new Map(named.map((one) => [versionKey(one), one.names]));
};

const sealOne = (
  { tenantId, kek }: { tenantId: string; kek: Kek },
  { deviceId, name, sealingKey, secret }: ToSeal,
): SealedSecret | null => {
  if (secret === null) return null;
  const value = takeValue(kek, { tenantId, ...secret }, secret.valueSealed);
  const about = { name, revision: `${secret.id}.${secret.revision}` };
  return sealSecret(value, about, { tenantId, deviceId, sealingKey });
};

/** By device. In the caller's transaction, which remembers who was given what. */
export const sealSecretsFor = async (
  sql: Sql,
  at: { tenantId: string; kek: Kek },
  changes: readonly Change[],
): Promise<Map<string, SlotSecrets[]>> => {
  const { tenantId } = at;
  const named = await namesByVersion(sql, tenantId, changes);
  const namesOf = (slot: Slot): string[] => named.get(versionKey(slot)) ?? [];
  const wanted = changes.flatMap(({ target: { deviceId }, slots }) =>
    [...new Set(slots.flatMap(namesOf))].map((name) => ({ deviceId, name })),
  );
  const toSeal = wanted.length === 0 ? [] : await secretsToSeal(sql, tenantId, wanted);
  const sealed = new Map(
    toSeal.map((one) => [`${one.deviceId} ${one.name}`, sealOne(at, one)] as const),
  );
  const given = toSeal.map(({ deviceId, name, secret }) => ({
    ...{ deviceId, name, secretId: secret?.id ?? null },
  }));
  await keepGiven(
    sql,
    tenantId,
    changes.map(({ target }) => target.deviceId),
    given,
  );
  return new Map(
    changes.map(({ target: { deviceId }, slots }) => [
      deviceId,
      slots
        .filter((slot) => namesOf(slot).length > 0)
        .map((slot) => ({
          bundleId: slot.bundleId,
          secrets: namesOf(slot).flatMap((name) => sealed.get(`${deviceId} ${name}`) ?? []),
        })),
    ]),
  );
};

/** A slot whose version names secrets always says so, even when none could be given. */
export const withSecrets = (slots: readonly Slot[], sealed: readonly SlotSecrets[]): Slot[] =>
  slots.map((slot) => {
    const own = sealed.find(({ bundleId }) => bundleId === slot.bundleId);
    return own === undefined ? slot : { ...slot, secrets: own.secrets };
  });

const withoutLargest = (sealed: readonly SlotSecrets[]): SlotSecrets[] => {
  const largest = sealed
    .flatMap(({ secrets }) => secrets)
    .reduce((one, other) => (other.box.length > one.box.length ? other : one));
  return sealed.map((slot) => ({
    ...slot,
    secrets: slot.secrets.filter((secret) => secret !== largest),
  }));
};

/** The envelope with as many of the secrets as one record holds. */
export const withinBytes = (
  sealed: readonly SlotSecrets[],
  make: (secrets: readonly SlotSecrets[]) => Uint8Array,
): Uint8Array => {
  let kept = sealed;
  for (;;) {
    const envelope = make(kept);
    const some = kept.some(({ secrets }) => secrets.length > 0);
    if (envelope.byteLength <= recordBytesMax || !some) return envelope;
    kept = withoutLargest(kept);
  }
};
