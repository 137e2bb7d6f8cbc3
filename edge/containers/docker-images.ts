/**
 * Images on Docker: found by manifest digest (never by the name they were pulled under), pulled by
 * digest with progress, and given back one reference at a time so that another agent on the same
 * daemon keeps its own.
 */
import type { Readable } from 'node:stream';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { chunksOf, jsonLinesOf } from './byte-streams.ts';
import { aborting, asFailure, type DockerCalls, statusOf } from './docker-calls.ts';
import type { PresentImage, PullOptions, StoredImage } from './engine.ts';
import { refused } from './failures.ts';
import { digestIn, type ImageFacts } from './inspected.ts';
import { parseReply } from './reply.ts';

/** Without a word from the daemon for this long, a pull is taken for hung and tried again later. */
const pullSilenceMs = 5 * 60_000;

const imagesSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Size: z.number(),
  }),
);
const usersSchema = z.array(z.object({ Id: z.string(), ImageID: z.string() }));
const imageSchema = z.object({
  Config: z
    .object({ Entrypoint: z.array(z.string()).nullish(), Cmd: z.array(z.string()).nullish() })
    .nullish(),
});

const named = (reference: string): boolean => !reference.includes('<none>');

export const listDockerImages = async ({ docker, call }: DockerCalls): Promise<StoredImage[]> => {
  const [images, containers] = await Promise.all([
    call('list images', (abortSignal) =>
      docker.listImages(aborting(abortSignal, { digests: true })),
    ),
    call('list containers', (abortSignal) => docker.listContainers({ all: true, abortSignal })),
  ]);
  const users = parseReply(usersSchema, containers, 'list containers');
  return parseReply(imagesSchema, images, 'list images').map((image) => {
    const byDigest = (image.RepoDigests ?? []).filter(named);
    return {
      id: image.Id,
      digests: [...new Set(byDigest.map(digestIn))],
      references: [...(image.RepoTags ?? []).filter(named), ...byDigest],
      sizeBytes: image.Size,
      inUseBy: users.filter((user) => user.ImageID === image.Id).map((user) => user.Id),
    };
  });
};

export const findDockerImage = async (
  { docker, call }: DockerCalls,
  digestOrReference: string,
): Promise<PresentImage | null> => {
  const digest = digestIn(`@${digestOrReference}`);
  const reply = await call('list images', (abortSignal) =>
    docker.listImages(aborting(abortSignal, { digests: true })),
  );
  const found = parseReply(imagesSchema, reply, 'list images').find((image) =>
    digest
      ? (image.RepoDigests ?? []).some((each) => digestIn(each) === digest)
      : image.Id === digestOrReference || (image.RepoTags ?? []).includes(digestOrReference),
  );
  if (!found) return null;
  return { imageId: found.Id, digest: digest || digestIn(found.RepoDigests?.[0] ?? '') };
};

/** Manifest digests of each image, in one call for a whole list of containers. */
export const readDockerDigests = async ({ docker, call }: DockerCalls) => {
  const reply = await call('list images', (abortSignal) =>
    docker.listImages(aborting(abortSignal, { digests: true })),
  );
  const images = parseReply(imagesSchema, reply, 'list images');
  const digests = new Map(
    images.map((image) => [image.Id, (image.RepoDigests ?? []).filter(named).map(digestIn)]),
  );
  return (imageId: string): readonly string[] => digests.get(imageId) ?? [];
};

/** What the image itself would run; it never changes for an id, so it is asked once. */
export const createDockerImageFacts = ({ docker, call }: DockerCalls) => {
  const known = new Map<string, ImageFacts['defaults']>();
  return async (imageId: string): Promise<ImageFacts['defaults']> => {
    const before = known.get(imageId);
    if (before) return before;
    try {
      const reply = await call('inspect image', () => docker.getImage(imageId).inspect());
      const { Config: config } = parseReply(imageSchema, reply, 'inspect image');
      const defaults = { entrypoint: config?.Entrypoint ?? [], command: config?.Cmd ?? [] };
      if (known.size > 500) known.clear();
      known.set(imageId, defaults);
      return defaults;
    } catch (cause) {
      // Someone forced the image away under a running container.
      if (cause instanceof FleetError && cause.code === 'image-not-found')
        return { entrypoint: [], command: [] };
      throw cause;
    }
  };
};

const pullLineSchema = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z
    .object({ current: z.number().optional(), total: z.number().optional() })
    .optional(),
});

export const pullDockerImage = async (
  calls: DockerCalls,
  reference: string,
  { onProgress, signal }: PullOptions,
): Promise<PresentImage> => {
  const what = `pull ${reference}`;
  const [name = '', digest = ''] = reference.split('@');
  const stop = new AbortController();
  const silence = setTimeout(() => stop.abort(), pullSilenceMs);
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  try {
    const stream = await calls.call(
      what,
      (abortSignal) => calls.docker.createImage({ fromImage: name, tag: digest, abortSignal }),
      { signal: ended },
    );
    await readPull(stream as Readable, {
      what,
      signal: ended,
      onProgress,
      alive: () => silence.refresh(),
    });
  } catch (cause) {
    if (stop.signal.aborted) throw silent(what);
    throw asFailure(what, calls.socketPath, cause);
  } finally {
    clearTimeout(silence);
  }
  if (stop.signal.aborted) throw silent(what);
  signal?.throwIfAborted();
  const present = await findDockerImage(calls, digest);
  if (!present) throw refused(what, { status: 404, message: 'no such image after the pull' });
  return present;
};

type PullReading = {
  what: string;
  signal: AbortSignal;
  onProgress: PullOptions['onProgress'];
  alive: () => void;
};

const readPull = async (stream: Readable, { what, signal, onProgress, alive }: PullReading) => {
  const layers = new Map<string, { current: number; total: number }>();
  for await (const value of jsonLinesOf(chunksOf(stream, signal), what)) {
    alive();
    const line = parseReply(pullLineSchema, value, what);
    // The daemon answers 200 at once; what goes wrong later is a line of the stream.
    if (line.error !== undefined) throw refused(what, { status: 500, message: line.error });
    const { current = 0, total = 0 } = line.progressDetail ?? {};
    if (line.id && total > 0 && line.status === 'Downloading')
      layers.set(line.id, { current, total });
    const sums = [...layers.values()].reduce(
      (sum, layer) => ({ current: sum.current + layer.current, total: sum.total + layer.total }),
      { current: 0, total: 0 },
    );
    onProgress?.({ receivedBytes: sums.current, totalBytes: sums.total, text: line.status ?? '' });
  }
};

const silent = (what: string): FleetError =>
  new FleetError(
    'engine-timeout',
    `Could not ${what}: the engine was silent for ${pullSilenceMs / 60_000} min.`,
    {
      next: 'Check the registry and the network; it will be tried again.',
    },
  );

export const removeDockerImage = async (
  { docker, call }: DockerCalls,
  reference: string,
): Promise<{ kind: 'removed' | 'absent' | 'in-use' }> => {
  const outcome = await call(`remove image ${reference}`, async (abortSignal) => {
    try {
      await docker.getImage(reference).remove({ abortSignal });
      return 'removed';
    } catch (cause) {
      if (statusOf(cause) === 404) return 'absent';
      if (statusOf(cause) === 409) return 'in-use';
      throw cause;
    }
  });
  return { kind: outcome };
};
