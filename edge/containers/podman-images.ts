/**
 * Images on Podman: found by manifest digest, pulled by digest (from the agent's own endpoint
 * without TLS), given back one reference at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { chunksOf, jsonLinesOf } from './byte-streams.ts';
import type { PresentImage, PullOptions, StoredImage } from './engine.ts';
import { refused } from './failures.ts';
import { digestIn, type ImageFacts, withAlgorithm } from './inspected.ts';
import { asLibpodFailure, type LibpodCalls } from './podman-calls.ts';
import { parseReply } from './reply.ts';

/** Podman says nothing while a blob comes, so this must hold a whole layer over a thin line. */
const pullTimeoutMs = 2 * 60 * 60_000;

const imagesSchema = z
  .array(
    z.object({
      Id: z.string(),
      /** What it was pulled or tagged as; RepoDigests multiplies every name by every digest. */
      Names: z.array(z.string()).nullish(),
      RepoDigests: z.array(z.string()).nullish(),
      Digest: z.string().nullish(),
      Size: z.number(),
    }),
  )
  .nullable();
const usersSchema = z.array(z.object({ Id: z.string(), ImageID: z.string() })).nullable();
const imageSchema = z.object({
  Config: z
    .object({ Entrypoint: z.array(z.string()).nullish(), Cmd: z.array(z.string()).nullish() })
    .nullish(),
});

type Listed = NonNullable<z.infer<typeof imagesSchema>>[number];

const digestsOf = (image: Listed): string[] => [
  ...new Set([...(image.RepoDigests ?? []).map(digestIn), image.Digest ?? ''].filter(Boolean)),
];

const listAttempts = 5;
const listPauseMs = 100;

/** Podman's words for an image whose layers, manifest or signatures are gone while its name still stands. */
const halfGone = /layer not known|locating item named "?manifest|blob size .*size is not known/i;

/**
 * Podman fails the whole list when an image goes while it makes it: the image is gone already, or
 * what it is made of is. So it is asked again, a little later each time.
 */
const listed = async (calls: Pick<LibpodCalls, 'call'>, attempt = 1): Promise<Listed[]> => {
  const what = 'list images';
  try {
    const { body } = await calls.call({ what, path: '/images/json' });
    return parseReply(imagesSchema, body, what) ?? [];
  } catch (error) {
    const went =
      error instanceof FleetError &&
      (error.code === 'image-not-found' || halfGone.test(error.message));
    if (!went || attempt === listAttempts) throw error;
    await sleep(attempt * listPauseMs);
    return listed(calls, attempt + 1);
  }
};

export const listPodmanImages = async (calls: LibpodCalls): Promise<StoredImage[]> => {
  const what = 'list containers';
  const query = { all: 'true' };
  const [images, reply] = await Promise.all([
    listed(calls),
    calls.call({ what, path: '/containers/json', query }),
  ]);
  const users = parseReply(usersSchema, reply.body, what) ?? [];
  return images.map((image) => ({
    id: withAlgorithm(image.Id),
    digests: digestsOf(image),
    references: image.Names ?? [],
    sizeBytes: image.Size,
    inUseBy: users.filter((user) => user.ImageID === image.Id).map((user) => user.Id),
  }));
};

export const findPodmanImage = async (
  calls: LibpodCalls,
  digestOrReference: string,
): Promise<PresentImage | null> => {
  const digest = digestIn(`@${digestOrReference}`);
  const found = (await listed(calls)).find((image) =>
    digest ? digestsOf(image).includes(digest) : (image.Names ?? []).includes(digestOrReference),
  );
  if (!found) return null;
  return { imageId: withAlgorithm(found.Id), digest: digest || (found.Digest ?? '') };
};

/** Manifest digests of each image, in one call for a whole list of containers. */
export const readPodmanDigests = async (calls: LibpodCalls) => {
  const digests = new Map((await listed(calls)).map((image) => [image.Id, digestsOf(image)]));
  return (imageId: string): readonly string[] => digests.get(imageId) ?? [];
};

/** What the image itself would run; it never changes for an id, so it is asked once. */
export const createPodmanImageFacts = ({ call }: LibpodCalls) => {
  const known = new Map<string, ImageFacts['defaults']>();
  return async (imageId: string): Promise<ImageFacts['defaults']> => {
    const before = known.get(imageId);
    if (before) return before;
    const what = 'inspect image';
    const reply = await call({ what, path: `/images/${imageId}/json`, expect: [404] });
    // Someone forced the image away under a running container.
    if (reply.status === 404) return { entrypoint: [], command: [] };
    const { Config: config } = parseReply(imageSchema, reply.body, what);
    const defaults = { entrypoint: config?.Entrypoint ?? [], command: config?.Cmd ?? [] };
    if (known.size > 500) known.clear();
    known.set(imageId, defaults);
    return defaults;
  };
};

const pullLineSchema = z.object({ stream: z.string().optional(), error: z.string().optional() });

export const pullPodmanImage = async (
  calls: LibpodCalls,
  reference: string,
  { tlsVerify, onProgress, signal }: PullOptions,
): Promise<PresentImage> => {
  const what = `pull ${reference}`;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), pullTimeoutMs);
  const ended = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  try {
    const stream = await calls.stream({
      what,
      method: 'POST',
      path: '/images/pull',
      query: { reference, tlsVerify: String(tlsVerify) },
      // An older Podman sends its first byte only when the pull is over.
      timeoutMs: pullTimeoutMs,
      signal: ended,
    });
    for await (const value of jsonLinesOf(chunksOf(stream, ended), what)) {
      const line = parseReply(pullLineSchema, value, what);
      // The answer is 200 at once; what goes wrong later is a line of the stream.
      if (line.error) throw refused(what, { status: 500, message: line.error });
      if (line.stream) onProgress?.({ receivedBytes: 0, totalBytes: 0, text: line.stream.trim() });
    }
  } catch (cause) {
    throw late.signal.aborted ? tooLong(what) : asLibpodFailure(what, calls.socketPath, cause);
  } finally {
    clearTimeout(timer);
  }
  if (late.signal.aborted) throw tooLong(what);
  signal?.throwIfAborted();
  const present = await findPodmanImage(calls, reference);
  if (!present) throw refused(what, { status: 404, message: 'no such image after the pull' });
  return present;
};

const tooLong = (what: string): FleetError =>
  new FleetError(
    'engine-timeout',
    `Could not ${what}: it took over ${pullTimeoutMs / 60_000} min.`,
    {
      next: 'Check the registry and the network; it will be tried again.',
    },
  );

export const removePodmanImage = async (
  { call }: LibpodCalls,
  reference: string,
): Promise<{ kind: 'removed' | 'absent' | 'in-use' }> => {
  const what = `remove image ${reference}`;
  const path = `/images/${encodeURIComponent(reference)}`;
  const { status } = await call({ what, method: 'DELETE', path, expect: [404, 409] });
  return { kind: status === 404 ? 'absent' : status === 409 ? 'in-use' : 'removed' };
};
