/** Images that were uploaded to the platform, on the model disk: fetched over the path to the cloud. */
import type { UploadedImages } from '@signalbeam/edge/agent/parts';
import { pullSource } from '@signalbeam/edge/core/spec';
import { FleetError } from '@signalbeam/sync/core/errors';
import { isClear } from './carrier.ts';
import type { Device } from './device.ts';
import { bringImage, digestIn } from './host.ts';

export const createUploads = (
  { disk, parts }: Device,
  wait: (delayMs: number) => Promise<void>,
): UploadedImages => ({
  stored: async (_release, reference) => disk.content.stored.has(reference),
  fetch: async (_release, reference) => {
    await wait(parts.random.between(200, 3_000));
    if (disk.full)
      throw new FleetError('disk-floor', 'The disk is nearly full; nothing is downloaded.');
    if (!isClear(parts.path))
      throw new FleetError('cloud-unreachable', 'The cloud is not reached.');
    disk.commit(() => {
      disk.content.stored = new Set(disk.content.stored).add(reference);
    });
    if (!parts.host.strangerWaits) return;
    parts.host.strangerWaits = false;
    bringImage(parts.host, digestIn(reference), pullSource(reference, 5_000));
  },
  sweep: async (keep) => {
    const named = new Set(keep.flatMap(({ images }) => images.map(({ reference }) => reference)));
    disk.commit(() => {
      disk.content.stored = new Set([...disk.content.stored].filter((each) => named.has(each)));
    });
    return 0;
  },
});
