/**
 * Device certificates: issued for a key that the device made, to a device that is approved; at most
 * two in force, so that a renewal has no gap and the one before the last ends by itself. And the list
 * of those revoked, signed anew when it says something else or grows old.
 */
import { createHash } from 'node:crypto';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Issued, Revocation } from '@signalbeam/platform/keys/authority';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Parts } from './api/parts.ts';
import {
  certificateDays,
  isListDue,
  listDays,
  liveCertificatesMax,
} from './core/certificate-life.ts';
import {
  insertCertificate,
  listRevoked,
  liveCertificates,
  readList,
  revokeCertificate,
  writeList,
} from './store/certificates.ts';
import type { DeviceRecord } from './store/devices.ts';
import type { By } from './tell-of-devices.ts';

const dayMs = 86_400_000;

const told = { issue: 'device.certificate-issued', revoke: 'device.certificate-revoked' } as const;

const tell = async (
  sql: Sql,
  device: DeviceRecord,
  what: { verb: 'issue' | 'revoke'; serial: string; more: Record<string, unknown> },
  by: By,
): Promise<void> => {
  const { tenantId, id: deviceId, name, site } = device;
  const data = { serial: what.serial, ...what.more };
  await writeAudit(sql, {
    ...{ tenantId, actor: by.actor, action: `certificate.${what.verb}`, ip: by.ip },
    target: `device:${deviceId}`,
    ...(what.verb === 'issue' ? { after: data } : { before: data }),
  });
  await recordEvent(sql, {
    tenantId,
    type: told[what.verb],
    subject: `signalbeam.devices.${told[what.verb].slice('device.'.length)}`,
    data: { deviceId, name, site, ...data },
  });
};

/** The device must be locked. */
export const revoke = async (
  sql: Sql,
  device: DeviceRecord,
  wish: { serial: string; reason: Revocation; at: Date },
  by: By,
): Promise<'revoked' | 'unchanged' | 'unknown'> => {
  const { serial, reason } = wish;
  const outcome = await revokeCertificate(sql, { deviceId: device.id, ...wish });
  if (outcome === 'revoked')
    await tell(sql, device, { verb: 'revoke', serial, more: { reason } }, by);
  return outcome;
};

/** The device must be locked. */
export const issue = async (
  parts: Pick<Parts, 'authority' | 'now'>,
  sql: Sql,
  device: DeviceRecord,
  request: string,
  by: By,
): Promise<Issued> => {
  const { id: deviceId, tenantId, status } = device;
  if (status !== 'approved') {
    throw refusal('wrong-state', 'Only an approved device can have a certificate.');
  }
  const nowMs = parts.now();
  const life = { nowMs, days: certificateDays };
  const issued = await parts.authority.issue(request, { deviceId, tenantId }, life);
  if (issued === null) {
    const message = 'must be a PKCS#10 request in PEM, signed by the P-256 key it is for';
    throw refusal('invalid-request', 'The certificate request is not usable.', {
      errors: [{ path: 'request', message }],
    });
  }
  const live = await liveCertificates(sql, deviceId, issued.issuedAt);
  for (const { serial } of live.slice(liveCertificatesMax - 1)) {
    await revoke(sql, device, { serial, reason: 'superseded', at: issued.issuedAt }, by);
  }
  await insertCertificate(sql, { tenantId, deviceId }, issued);
  const more = { fingerprint: issued.fingerprint, expiresAt: issued.expiresAt.toISOString() };
  await tell(sql, device, { verb: 'issue', serial: issued.serial, more }, by);
  return issued;
};

export type RevocationList = { der: Buffer; number: number; nextUpdate: Date };

/**
 * The list as it is now. Signing is skipped while the stored one says the same and is fresh, so a
 * reader costs a look at the rows and a flood of readers no signatures.
 */
export const revocationListOf = async (
  parts: Pick<Parts, 'authority' | 'now' | 'pools'>,
): Promise<RevocationList> => {
  const sql = parts.pools.system;
  for (;;) {
    const now = new Date(parts.now());
    const revoked = await listRevoked(sql, now);
    const serials = revoked.map(({ serial, reason }) => `${serial} ${reason}`).join('\n');
    const madeOf = createHash('sha256').update(serials).digest('hex');
    const stored = await readList(sql);
    if (stored?.madeOf === madeOf && !isListDue(stored.nextUpdate.getTime(), now.getTime())) {
      return stored;
    }
    const number = (stored?.number ?? 0) + 1;
    const nextUpdate = new Date(now.getTime() + listDays * dayMs);
    const der = await parts.authority.revocationList({
      number,
      revoked,
      thisUpdate: now,
      nextUpdate,
    });
    const list = { number, madeOf, der, nextUpdate };
    if (await writeList(sql, list, now)) return list;
  }
};
