/**
 * Uploads an archive part by part, and goes on where an earlier run was cut: what is there already is
 * not sent again. The archive is read twice, for its digests and for its bytes, and never whole.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client, Schemas } from '@signalbeam/client';
import { ProblemError } from '@signalbeam/client/problem';
import { FleetError } from '@signalbeam/sync/core/errors';
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import type { Context } from '../command.ts';

type Progress = (sentence: string) => void;

/** Of a part that did not arrive; the cloud holds each to its digest. */
const attemptsMax = 4;
const firstDelayMs = 1_000;

const readPart = async (file: Awaited<ReturnType<typeof open>>, index: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(uploadPartBytes);
  let length = 0;
  while (length < uploadPartBytes) {
    const at = index * uploadPartBytes + length;
    const { bytesRead } = await file.read(buffer, length, uploadPartBytes - length, at);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
};

const sha256 = (): ReturnType<typeof createHash> => createHash('sha256');
const named = (hash: ReturnType<typeof createHash>): string => `sha256:${hash.digest('hex')}`;

const digestsOf = async (file: Awaited<ReturnType<typeof open>>) => {
  const whole = sha256();
  const parts: string[] = [];
  let sizeBytes = 0;
  for (let index = 0; ; index += 1) {
    const bytes = await readPart(file, index);
    if (bytes.byteLength === 0) return { digest: named(whole), sizeBytes, parts };
    whole.update(bytes);
    parts.push(named(sha256().update(bytes)));
    sizeBytes += bytes.byteLength;
  }
};

const binary = { 'content-type': 'application/octet-stream' };

const stopped = (): FleetError =>
  new FleetError('interrupted', 'The upload was stopped; what was sent is kept for three days.', {
    next: 'Give the same command again to go on.',
  });

const sendPart = async (
  client: Client,
  path: { id: string; index: number },
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> => {
  const sent = { body: bytes as unknown as string, bodySerializer: (given: unknown) => given };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const params = { path };
      const request = { params, ...sent, headers: binary };
      await client.put('/api/artifacts/upload-parts/{id}/{index}', request);
      return;
    } catch (error) {
      const isLasting = error instanceof ProblemError && error.status < 500 && error.status !== 429;
      if (isLasting || attempt === attemptsMax) throw error;
    }
    await wait(firstDelayMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {
      throw stopped();
    });
  }
};

export const uploadInParts = async (
  client: Client,
  path: string,
  name: string | undefined,
  { surroundings, progress }: Pick<Context, 'surroundings'> & { progress: Progress },
): Promise<Schemas['Image'][]> => {
  const { stopped: signal } = surroundings;
  const file = await open(path, 'r');
  try {
    const wish = { ...(await digestsOf(file)), ...(name === undefined ? {} : { name }) };
    const begun = await client.post('/api/artifacts/uploads', { body: wish });
    const { id, partCount } = begun;
    const here = new Set(begun.received);
    if (here.size > 0) progress(`${here.size} of ${partCount} parts are there already.`);
    for (let index = 0; index < partCount; index += 1) {
      if (here.has(index)) continue;
      if (signal.aborted) throw stopped();
      await sendPart(client, { id, index }, await readPart(file, index), signal);
      here.add(index);
      progress(`${here.size} of ${partCount} parts are there.`);
    }
    const params = { path: { id } };
    // As an upload, since taking a large archive in may last longer than an ordinary request.
    const { images } = await client.post('/api/artifacts/uploads/{id}/finish', {
      ...{ params, headers: binary },
    });
    return images;
  } finally {
    await file.close();
  }
};
