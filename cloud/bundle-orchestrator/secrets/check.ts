/**
 * Whether devices may begin with a version that names secrets: each must find a value for every name,
 * and its agent must know of secrets; else they would be left to find out one by one.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import {
  devicesWithoutSecrets,
  missingSecrets,
  type NamedVersion,
  secretsOfVersions,
} from '../store/secrets-given.ts';

const firstMax = 3;
const some = (names: readonly string[], count: number): string => {
  const shown = names.slice(0, firstMax).join(', ');
  return count > firstMax ? `${shown} and ${count - firstMax} more` : shown;
};

/** Throws before anything is started. */
export const refuseUnknownSecrets = async (
  sql: Sql,
  tenantId: string,
  version: NamedVersion,
  deviceIds: readonly string[],
): Promise<void> => {
  const [named] = await secretsOfVersions(sql, tenantId, [version]);
  if (named === undefined) return;
  const old = await devicesWithoutSecrets(sql, tenantId, deviceIds);
  if (old.length > 0) {
    const detail = `This version needs secrets, and the agents on ${some(old, old.length)} know none. Nothing was started.`;
    throw refusal('agent-too-old', detail, { next: 'Update these agents, or leave them out.' });
  }
  const missing = await missingSecrets(sql, tenantId, deviceIds, named.names);
  if (missing.length === 0) return;
  const sentences = missing.map(
    ({ name, devices, first }) => `There is no secret ${name} for ${some(first, devices)}.`,
  );
  throw refusal('unknown-secret', `${sentences.join(' ')} Nothing was started.`, {
    next: 'Set it for the tenant, the site or the device, or correct the name in the bundle.',
    errors: missing.map(({ name, devices }) => ({
      path: 'containers',
      message: `${name}: unknown for ${devices} of ${deviceIds.length} devices`,
    })),
  });
};
