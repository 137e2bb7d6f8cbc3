/**
 * Keeps a certificate of the cloud's authority beside the device's own identity, for software that
 * proves itself by mTLS: makes the key, asks, renews in time. Key, certificate and authority are one
 * file, written whole, so that nobody ever reads a key beside another's certificate. The old one
 * stays in force until the new one is written, and a cloud that does not answer is asked again.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { certificateDueInMs, type Life } from '../core/certificate-due.ts';
import type { Timers } from '../core/timers.ts';
import { systemTimers } from '../host/timers.ts';
import { createCertificateRequest } from '../mesh/certificate-request.ts';
import { writePrivateFile } from '../store/files.ts';
import type { Cloud } from './cloud.ts';
import type { Log } from './up.ts';

export const certificateFile = (folder: string): string => join(folder, 'certificate.pem');

const retryMs = { first: 30_000, max: 3_600_000 };
/** Timers of Node end at 24 days. */
const sleepMsMax = 12 * 3_600_000;

const lifeOf = (certificate: X509Certificate): Life => ({
  fromMs: Date.parse(certificate.validFrom),
  toMs: Date.parse(certificate.validTo),
});

/** Null when there is none, or none that is whole: then another is asked for. */
export const readCertificate = (folder: string): Life | null => {
  try {
    const text = readFileSync(certificateFile(folder), 'utf8');
    const certificate = new X509Certificate(text);
    return certificate.checkPrivateKey(createPrivateKey(text)) ? lifeOf(certificate) : null;
  } catch {
    return null;
  }
};

export const keepCertificate = (parts: {
  folder: string;
  deviceId: string;
  cloud: Pick<Cloud, 'certify'>;
  now: () => number;
  random: () => number;
  log: Log;
  timers?: Timers;
}): { stop: () => void } => {
  const { folder, deviceId, cloud, now, random, log, timers = systemTimers } = parts;
  let askedMs: number | null = null;
  let failures = 0;
  let stopped = false;
  let cancel = (): void => {};

  const later = (delayMs: number): void => {
    if (stopped) return;
    cancel = timers.after(Math.min(delayMs, sleepMsMax), () => void look(), 'background');
  };
  const look = async (): Promise<void> => {
    const dueMs = certificateDueInMs(readCertificate(folder), now(), askedMs);
    if (dueMs > 0) return later(dueMs);
    try {
      await renew();
      failures = 0;
      askedMs = now();
      later(0);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'unknown';
      log('warn', 'No certificate was issued; it is asked for again', { reason });
      failures += 1;
      const delayMs = Math.min(retryMs.max, retryMs.first * 2 ** Math.min(failures, 16));
      later(delayMs * (0.5 + random()));
    }
  };
  const renew = async (): Promise<void> => {
    const { request, privateKey } = createCertificateRequest(deviceId);
    const issued = await cloud.certify(deviceId, request);
    if (stopped) return;
    const certificate = new X509Certificate(issued.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(privateKey))) throw ofAnotherKey();
    writePrivateFile(
      certificateFile(folder),
      `${privateKey}${issued.certificate.trimEnd()}\n${issued.authority.trimEnd()}\n`,
    );
    log('info', 'A certificate was issued', { until: certificate.validTo });
  };
  void look();
  return {
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};

const ofAnotherKey = (): FleetError =>
  new FleetError('certificate-of-another-key', 'The cloud sent a certificate of another key.', {
    next: 'It was not used; something between the device and the cloud may change what it carries.',
  });
