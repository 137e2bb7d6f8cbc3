/**
 * An agent's certificate from end to end: the agent's own code makes key and request, a real
 * device-manager issues, and the file that is left opens the device's endpoints over mTLS; it is
 * renewed in time, by the device alone.
 */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCredentials } from '@signalbeam/device-manager/credentials.suite';
import type { Timers } from '@signalbeam/edge/core/timers';
import { openCloud } from '@signalbeam/edge/link/cloud';
import { createTokenMint } from '@signalbeam/edge/link/device-token';
import { certificateFile, keepCertificate } from '@signalbeam/edge/link/keep-certificate';
import { serve } from '@signalbeam/platform/http/serve';
import { expect, inject, test } from 'vitest';
import '@signalbeam/launcher/rig/provided';

/** Timers that fire when they are told to. */
const heldTimers = () => {
  let due: (() => void) | null = null;
  const timers: Timers = {
    after: (_delayMs, run) => {
      due = run;
      return () => {
        due = null;
      };
    },
    every: () => () => {},
  };
  return { timers, fire: () => due?.(), isHeld: () => due !== null };
};

// Inventory §7.4
test('an agent gets its certificate, proves itself by it, and renews it before it ends', async () => {
  const world = await startCredentials(inject('postgresUrl'));
  const plain = await serve({ app: world.rig.service.app, host: '127.0.0.1', port: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const { id, device } = await world.newDevice();
    const { now } = world.rig.platform;
    const mint = createTokenMint({ signer: device.signer, deviceId: id, now });
    const cloud = openCloud({ url: plain.url, mint });
    const { timers, fire, isHeld } = heldTimers();
    const told = { waiting: Promise.withResolvers<void>() };
    const log = (_level: string, message: string): void => {
      if (message === 'A certificate was issued') told.waiting.resolve();
    };
    const keeper = keepCertificate({
      ...{ folder, deviceId: id, cloud, now, random: () => 0.5, log, timers },
    });
    await told.waiting.promise;
    const read = () => {
      const text = readFileSync(certificateFile(folder), 'utf8');
      return {
        certificate: text,
        privateKey: text,
        serial: new X509Certificate(text).serialNumber,
      };
    };
    const first = read();
    expect(statSync(certificateFile(folder)).mode & 0o777).toBe(0o600);
    const path = `/api/devices/${id}/enrolment`;
    expect((await world.askTls(path, first)).status).toBe(200);
    await expect.poll(isHeld).toBe(true);
    world.rig.passTime(61 * 86_400_000);
    told.waiting = Promise.withResolvers();
    fire();
    await told.waiting.promise;
    expect(read().serial).not.toBe(first.serial);
    keeper.stop();
    const { rows } = await world.rig.owner.query<{ live: number }>(
      `SELECT count(*) AS live FROM device_manager.device_certificates
        WHERE device_id = $1 AND revoked_at IS NULL`,
      [id],
    );
    expect(rows).toEqual([{ live: 2 }]);
  } finally {
    await plain.stop();
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
