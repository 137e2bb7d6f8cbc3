/**
 * What is different between two versions of a bundle: container by container, field by field, and what
 * a device that has the first must fetch for the second. Pure.
 */
import type { ContainerManifest, ReleaseBlob } from '@signalbeam/sync/core/manifest';

/** Values as people read them: text as it is, the rest as JSON; null where there is none. */
export type FieldChange = { path: string; before: string | null; after: string | null };

export type ContainerChange = {
  name: string;
  kind: 'added' | 'removed' | 'changed' | 'unchanged';
  fields: FieldChange[];
};

export type VersionDiff = {
  containers: ContainerChange[];
  /** Of uploaded images: bytes of blobs that the first version does not have. */
  fetchBytes: number;
  /** New images of registries elsewhere, whose size nobody here knows. */
  unknownSizes: string[];
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wordOf = (value: unknown): string | null => {
  if (value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Lists are compared as a whole: their order means something. */
const changesIn = (path: string, before: unknown, after: unknown): FieldChange[] => {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) =>
      changesIn(path === '' ? key : `${path}.${key}`, before[key], after[key]),
    );
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, before: wordOf(before), after: wordOf(after) }];
};

const withoutName = ({ name: _, ...rest }: ContainerManifest): Record<string, unknown> => rest;

const changeOf = (
  name: string,
  before: ContainerManifest | undefined,
  after: ContainerManifest | undefined,
): ContainerChange => {
  if (before === undefined || after === undefined) {
    const image = (one: ContainerManifest | undefined) => one?.image ?? null;
    const fields = [{ path: 'image', before: image(before), after: image(after) }];
    return { name, kind: before === undefined ? 'added' : 'removed', fields };
  }
  const fields = changesIn('', withoutName(before), withoutName(after));
  return { name, kind: fields.length === 0 ? 'unchanged' : 'changed', fields };
};

/** `blobsOf`: the blobs of an uploaded image; null for one of a registry elsewhere. */
export const diffVersions = (
  before: readonly ContainerManifest[],
  after: readonly ContainerManifest[],
  blobsOf: (image: string) => readonly ReleaseBlob[] | null,
): VersionDiff => {
  const names = [...new Set([...before, ...after].map(({ name }) => name))];
  const find = (list: readonly ContainerManifest[], name: string) =>
    list.find((container) => container.name === name);
  const imagesOf = (list: readonly ContainerManifest[]) => [
    ...new Set(list.map(({ image }) => image)),
  ];
  const had = new Set(imagesOf(before));
  const hadBlobs = new Set([...had].flatMap((image) => blobsOf(image) ?? []).map((b) => b.digest));
  const fresh = imagesOf(after).filter((image) => !had.has(image));
  const wanted = new Map(
    fresh.flatMap((image) => blobsOf(image) ?? []).map((blob) => [blob.digest, blob.sizeBytes]),
  );
  const missing = [...wanted].filter(([digest]) => !hadBlobs.has(digest));
  return {
    containers: names.map((name) => changeOf(name, find(before, name), find(after, name))),
    fetchBytes: missing.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
    unknownSizes: fresh.filter((image) => blobsOf(image) === null),
  };
};
