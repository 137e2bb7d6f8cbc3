/**
 * Lets a device in. The same key again is the same device and costs no use of the token, because
 * the answer to the first request may have been lost. Device row, use, event and audit line are
 * one transaction: a registration that fails leaves nothing, and burns nothing.
 */

import { parseTag } from '@signalbeam/platform/core/tag';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { type ProblemCode, refusal } from '@signalbeam/platform/http/problem';
import { holdQuota } from '@signalbeam/platform/identity/quota';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant, everySite } from '@signalbeam/platform/postgres/tenant';
import type { Registration } from '@signalbeam/sync/wire/enrolment';
import { fingerprintOf } from '@signalbeam/sync/wire/fingerprint';
import { rawPublicKey } from '@signalbeam/sync/wire/nkey';
import type { Parts } from './api/parts.ts';
import { changeTagsOf } from './change-tags.ts';
import { type Admission, admissionOf } from './core/registration-token.ts';
import { matchesToken, prefixOf } from './credentials/token-secret.ts';
import { refuseSuspended } from './refusals.ts';
import { type DeviceRecord, findDeviceByKey, insertDevice } from './store/devices.ts';
import { addMembers } from './store/group-members.ts';
import { lockGroup } from './store/groups.ts';
import {
  claimUse,
  findCandidates,
  findToken,
  type RegistrationToken,
} from './store/registration-tokens.ts';
import { tellOfDevices } from './tell-of-devices.ts';

const actorOf = (token: RegistrationToken): string => `registration-token:${token.prefix}`;

export type Registered = { kind: 'created' | 'known'; device: DeviceRecord };

const refusedBy: Record<Exclude<Admission['kind'], 'open'>, [ProblemCode, string]> = {
  revoked: ['registration-token-revoked', 'This registration token was revoked.'],
  expired: ['registration-token-expired', 'This registration token has expired.'],
  'used-up': ['registration-token-used-up', 'This registration token has no uses left.'],
};

const askForToken = { next: 'Ask for a new registration token and register again.' };

const findAuthentic = async (sql: Sql, text: string): Promise<RegistrationToken> => {
  const prefix = prefixOf(text);
  const candidates = prefix === null ? [] : await findCandidates(sql, prefix);
  const token = candidates.find((candidate) => matchesToken(text, candidate));
  if (token === undefined) {
    throw refusal('registration-token-unknown', 'There is no such registration token.', {
      next: 'Check that it was copied whole, or ask for a new one.',
    });
  }
  return token;
};

const checkKeys = (registration: Registration): void => {
  const errors = [
    ...(rawPublicKey(registration.publicKey) === null
      ? [{ path: 'publicKey', message: 'is damaged: its checksum does not match' }]
      : []),
    ...(Buffer.from(registration.sealingKey, 'base64').byteLength === 32
      ? []
      : [{ path: 'sealingKey', message: 'must be 32 bytes in base64' }]),
  ];
  if (errors.length > 0) throw refusal('invalid-request', 'A key is not valid.', { errors });
};

const refuseUse = async (sql: Sql, tokenId: string, nowMs: number): Promise<never> => {
  const token = await findToken(sql, tokenId);
  if (token === null) throw refusal('registration-token-unknown', 'The token is gone.');
  const admission = admissionOf(
    {
      revokedAtMs: token.revokedAt?.getTime() ?? null,
      expiresAtMs: token.expiresAt.getTime(),
      currentUses: token.currentUses,
      maxUses: token.maxUses,
    },
    nowMs,
  );
  // Uses only grow and a revocation stays, so what closed the token a moment ago still does.
  const [code, detail] = refusedBy[admission.kind === 'open' ? 'used-up' : admission.kind];
  throw refusal(code, detail, askForToken);
};

const tellOf = async (
  sql: Sql,
  device: DeviceRecord,
  by: { token: RegistrationToken; ip: string | null },
): Promise<void> => {
  const { id: deviceId, tenantId, name, site, status, fingerprint } = device;
  await writeAudit(sql, {
    tenantId,
    actor: actorOf(by.token),
    action: 'device.register',
    target: `device:${deviceId}`,
    after: { name, site, status, fingerprint },
    ip: by.ip,
  });
  const data = { deviceId, name, site, status, fingerprint };
  await recordEvent(sql, {
    tenantId,
    type: 'device.registered',
    subject: 'signalbeam.devices.registered',
    data,
  });
  if (status !== 'approved') return;
  await recordEvent(sql, {
    tenantId,
    type: 'device.approved',
    subject: 'signalbeam.devices.approved',
    data,
  });
};

/** What its token gives it: tags, and a place in a group that is there still. */
const furnish = async (
  sql: Sql,
  device: DeviceRecord,
  by: { token: RegistrationToken; ip: string | null; nowMs: number },
): Promise<void> => {
  const { token, ip, nowMs } = by;
  const actor = actorOf(token);
  const set = token.tags.flatMap((text) => {
    const parsed = parseTag(text);
    return parsed.kind === 'tag' ? [parsed.tag] : [];
  });
  if (set.length > 0) await changeTagsOf(sql, [device], { set, unset: [] }, { actor, ip });
  // The token was read before its group could be locked.
  const group = token.groupId === null ? null : await lockGroup(sql, token.groupId, 'KEY SHARE');
  if (group === null) return;
  const { tenantId, id } = device;
  await addMembers(sql, {
    ...{ tenantId, groupId: group.id, deviceIds: [id] },
    ...{ addedAt: new Date(nowMs), addedBy: actor },
  });
  const data = { groupId: group.id, groupName: group.name };
  const change = { device, before: undefined, after: data, data };
  await tellOfDevices(sql, 'join', [change], { actor, ip });
};

const admitDevice = async (
  sql: Sql,
  registration: Registration,
  by: { token: RegistrationToken; ip: string | null; nowMs: number },
): Promise<Registered> => {
  const { token, nowMs } = by;
  await refuseSuspended(sql, token.tenantId);
  const earlier = await findDeviceByKey(sql, registration.publicKey);
  if (earlier !== null) return { kind: 'known', device: earlier };
  const created = await insertDevice(sql, {
    tenantId: token.tenantId,
    name: registration.name,
    site: token.site,
    status: token.autoApprove ? 'approved' : 'pending',
    publicKey: registration.publicKey,
    sealingKey: registration.sealingKey,
    fingerprint: fingerprintOf(registration.publicKey),
    agentVersion: registration.agentVersion,
    platform: registration.platform,
    registrationTokenId: token.id,
    createdAt: new Date(nowMs),
    decidedBy: token.autoApprove ? actorOf(token) : null,
  });
  if (created === null) {
    // Somebody was faster: this device itself on another connection, or another tenant's device.
    const same = await findDeviceByKey(sql, registration.publicKey);
    if (same !== null) return { kind: 'known', device: same };
    throw refusal('device-key-taken', 'This device key cannot be registered here.', {
      next: 'Delete the agent’s identity file, so that it makes a new key, and register again.',
    });
  }
  if (!(await claimUse(sql, token.id, new Date(nowMs)))) await refuseUse(sql, token.id, nowMs);
  await holdQuota(sql, 'devices');
  await tellOf(sql, created, by);
  await furnish(sql, created, by);
  return { kind: 'created', device: created };
};

export const registerDevice = async (
  parts: Parts,
  registration: Registration,
  from: { ip: string | null; requestId: string },
): Promise<Registered> => {
  const token = await findAuthentic(parts.pools.system, registration.registrationToken);
  checkKeys(registration);
  const by = { token, ip: from.ip, nowMs: parts.now() };
  const author = { ...everySite(token.tenantId), actor: actorOf(token), ...from };
  return changeTenant(parts.pools.api, author, (sql) => admitDevice(sql, registration, by));
};
