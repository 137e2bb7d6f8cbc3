/**
 * The two ways in which an uploaded archive is refused, worded for the person who made it.
 * Texts from the archive are shortened: they come from outside and end up in logs.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { FleetError } from '@signalbeam/sync/core/errors';

const howToMake =
  'Make it with `docker save NAME` or `podman save --format oci-archive NAME` and upload that file unchanged.';

export const shown = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** It is not an archive of images that we know, or one that tries something. */
export const invalidArchive = (what: string, cause?: unknown): FleetError =>
  refusal('invalid-archive', `${what} Nothing was stored.`, { next: howToMake, cause });

/** A part of it is not what its name or its manifest says. */
export const digestMismatch = (what: string): FleetError =>
  refusal('digest-mismatch', `${what} Nothing was stored.`, {
    next: 'The file was damaged or changed on its way; make it again and upload it again.',
  });

export const tooLarge = (what: string): FleetError =>
  refusal('body-too-large', `${what} Nothing was stored.`);
