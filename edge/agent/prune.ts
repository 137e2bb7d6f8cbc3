/**
 * Removes images that this agent fetched and no version it may still need uses: the confirmed one,
 * the one before it and the one on its way are kept. Never one that any container uses, and never
 * one that somebody else brought. Failing to prune is noted, not fatal.
 */
import type { Release } from '@signalbeam/sync/core/manifest';
import type { StepContext } from './step-context.ts';

const neededReleases = (context: StepContext): Map<string, Release> => {
  const { journal } = context.parts;
  const digests = new Set(
    journal
      .slots()
      .flatMap((slot) =>
        [slot.confirmed, slot.previous, slot.update?.target, slot.wanted]
          .map((version) => version?.releaseDigest)
          .filter((each) => each !== undefined),
      ),
  );
  journal.keepReleases(digests);
  return journal.releases();
};

export const pruneImages = async (context: StepContext): Promise<void> => {
  const { parts, engine } = context;
  const releases = [...neededReleases(context).values()];
  const needed = new Set(
    releases.flatMap((release) =>
      release.containers.map(({ image }) => image.slice(image.indexOf('@') + 1)),
    ),
  );
  const removed: string[] = [];
  try {
    for (const { source, digest } of parts.journal.ownedImages()) {
      if (needed.has(digest)) continue;
      const outcome = await engine.removeImage(source);
      if (outcome.kind === 'in-use') continue;
      parts.journal.disownImage(source);
      if (outcome.kind === 'removed') removed.push(source);
    }
    const freed = await parts.uploads.sweep(releases);
    if (removed.length === 0 && freed === 0) return;
    parts.outbox.appendEvent({
      type: 'images-pruned',
      severity: 'info',
      message: `${removed.length} images of earlier versions were removed; ${freed} bytes of downloads freed.`,
      data: { images: removed.length, freedBytes: freed },
    });
  } catch (error) {
    parts.log('warn', 'Old images could not all be removed; the next update tries again.', {
      cause: String(error),
    });
  }
};
