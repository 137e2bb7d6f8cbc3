/**
 * The steps that bring a version here before anything is touched: the signed release, the blobs
 * of uploaded images, and the pull into the engine. Nothing is believed for where it came from.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { imageDigestOf, isArtifact } from '../core/spec.ts';
import { wireRecords } from './records.ts';
import type { Executor } from './step-context.ts';

const fetchRelease: Executor<'fetch-release'> = async (context, { bundleId, releaseDigest }) => {
  const { parts, signal } = context;
  const { records = wireRecords } = parts;
  const bytes = await parts.fetchRelease(releaseDigest, signal);
  if (records.releaseDigestOf(bytes) !== releaseDigest) {
    throw new FleetError('release-corrupt', 'The release arrived damaged and was thrown away.', {
      next: 'It is fetched again by itself.',
    });
  }
  const opened = records.openRelease(bytes, parts.keyset());
  if (opened.kind === 'refused') {
    throw new FleetError('release-refused', `The release is not to be trusted: ${opened.reason}.`, {
      next: 'Publish the version again with a release key of this tenant.',
    });
  }
  if (opened.value.bundleId !== bundleId || opened.value.tenantId !== parts.identity.tenantId) {
    throw new FleetError('release-of-another', 'The release is of another bundle or tenant.', {
      next: 'Look at who asks for it: the director key may have been stolen.',
    });
  }
  parts.journal.saveRelease(releaseDigest, opened.value);
  context.known.releases.set(releaseDigest, opened.value);
};

const fetchImage: Executor<'fetch-image'> = async (context, { releaseDigest, reference }) => {
  const release = context.known.releases.get(releaseDigest);
  if (release === undefined) return;
  await context.parts.uploads.fetch(release, reference, context.signal);
};

const pullImage: Executor<'pull-image'> = async (context, { reference, source }) => {
  const { parts, engine, signal } = context;
  const imageDigest = imageDigestOf(reference);
  // Recorded as ours only if it was not here before and once it is: a pull that fails or is cut off
  // fetched nothing, and what others bring meanwhile is theirs. What others fetched is never pruned.
  const wasHere = (await engine.image(imageDigest)) !== null;
  await engine.pull(source, { tlsVerify: !isArtifact(reference), signal });
  if (!wasHere) parts.journal.ownImage(source, imageDigest, parts.now());
};

export const imageExecutors = {
  'fetch-release': fetchRelease,
  'fetch-image': fetchImage,
  'pull-image': pullImage,
};
