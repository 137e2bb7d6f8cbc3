/**
 * Releases a bundle version: checked, signed with the tenant's release key, stored for good.
 * Devices accept code from this envelope only, so what it says is what runs, defaults included.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant } from '@signalbeam/platform/postgres/tenant';
import { releaseBytesMax } from '@signalbeam/sync/core/limits';
import type { Release } from '@signalbeam/sync/core/manifest';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { releaseAsWritten } from '@signalbeam/sync/wire/manifest';
import { payloadTypes, releaseDigestOf } from '@signalbeam/sync/wire/records';
import type { BundlePolicy } from '../core/policy.ts';
import { versionOrderKey } from '../core/version-order.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { type BundleVersion, findBundle, findVersion, insertVersion } from '../store/bundles.ts';
import { checkContainers } from './check-containers.ts';

export type VersionWish = {
  bundleId: string;
  version: string;
  containers: unknown;
  releaseNotes: string;
};

const versionExists = (name: string, version: string) =>
  refusal('version-exists', `${name} ${version} exists, and a released version never changes.`, {
    next: 'Give the change a new version.',
  });

const seal = (release: Release, signer: Signer): Uint8Array => {
  const envelope = sealEnvelope(payloadTypes.release, releaseAsWritten(release), [signer]);
  if (envelope.byteLength > releaseBytesMax) {
    throw refusal(
      'invalid-bundle',
      `Signed, this version has ${envelope.byteLength} bytes; devices take at most ${releaseBytesMax}.`,
      { next: 'Split it into several bundles, or use images with fewer layers.' },
    );
  }
  return envelope;
};

export const releaseVersion = async (
  workshop: Workshop & { policy: BundlePolicy },
  acting: Acting,
  wish: VersionWish,
): Promise<BundleVersion> => {
  const { tenantId, actor, ip } = acting;
  const { bundleId, version, releaseNotes } = wish;
  const createdAt = new Date(workshop.now()).toISOString();
  return changeTenant(workshop.pool, acting, async (sql) => {
    const { release } = await holdKeys(sql, workshop.keyring, tenantId);
    const bundle = await findBundle(sql, bundleId);
    if (bundle === null) throw refusal('not-found', 'There is no such bundle.');
    if ((await findVersion(sql, bundleId, version)) !== null) {
      throw versionExists(bundle.name, version);
    }
    const checked = await checkContainers(sql, wish.containers, {
      tenantId,
      installation: workshop.policy,
    });
    if (checked.kind === 'refused') {
      throw refusal('invalid-bundle', 'This version can not be released as it is.', {
        errors: checked.errors,
      });
    }
    const { containers, images } = checked;
    const naming = { tenantId, bundleId, bundleName: bundle.name, version };
    const releaseEnvelope = seal({ ...naming, containers, images, createdAt }, release);
    const releaseDigest = releaseDigestOf(releaseEnvelope);
    const released: BundleVersion = {
      bundleId,
      version,
      containers,
      releaseNotes,
      releaseDigest,
      deprecated: null,
      createdAt,
      createdBy: actor,
    };
    const orderKey = versionOrderKey(version);
    if (!(await insertVersion(sql, { ...released, tenantId, orderKey, releaseEnvelope }))) {
      throw versionExists(bundle.name, version);
    }
    await writeAudit(sql, {
      tenantId,
      actor,
      action: 'bundle.release',
      target: `bundle:${bundleId}`,
      after: { version, releaseDigest },
      ip,
    });
    await recordEvent(sql, {
      tenantId,
      type: 'bundle.released',
      subject: 'signalbeam.bundles.released',
      data: { bundleId, bundleName: bundle.name, version, releaseDigest },
    });
    return released;
  });
};
