/**
 * Uploads an archive part by part: what is there already is not sent again, also after the page was loaded
 * anew and the same file was chosen once more. The file is read twice, for its digests and for its bytes,
 * and never whole; the cloud holds each part and the whole to what was announced.
 */
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import type { ArtifactImage } from './image-types.ts';
import { ApiError, type Ask, send } from './request.ts';

export type UploadState = {
  id: string;
  sizeBytes: number;
  partCount: number;
  /** The parts that are there, from 0. */
  received: number[];
};
export type UploadProgress = {
  /** `reading` for the digests, `sending`, and `taking` while the cloud looks at the whole. */
  phase: 'reading' | 'sending' | 'taking';
  bytes: number;
  parts: number;
};
export type UploadWatch = {
  signal: AbortSignal;
  onProgress: (progress: UploadProgress) => void;
  /** From here on it can be gone on with. */
  onBegun: (upload: UploadState) => void;
};

const stepBytes = 1024 * 1024;
const attemptsMax = 4;
const firstDelayMs = 1_000;

const stopped = (): ApiError =>
  new ApiError(0, {
    code: 'cancelled',
    detail: 'The upload was stopped; what was sent is kept for three days.',
    next: 'Choose the same file again to go on.',
  });

const hexOf = (bytes: Uint8Array): string =>
  `sha256:${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

export const partSizeOf = (sizeBytes: number, index: number): number =>
  Math.max(0, Math.min(uploadPartBytes, sizeBytes - index * uploadPartBytes));

const digestsOf = async (file: File, { signal, onProgress }: UploadWatch) => {
  // Not the browser's own: that one takes no file piece by piece, and nothing without TLS.
  const { sha256 } = await import('@noble/hashes/sha2.js');
  const whole = sha256.create();
  const parts: string[] = [];
  for (let start = 0; start < file.size; start += uploadPartBytes) {
    const part = sha256.create();
    const end = Math.min(file.size, start + uploadPartBytes);
    for (let at = start; at < end; at += stepBytes) {
      if (signal.aborted) throw stopped();
      const slice = file.slice(at, Math.min(end, at + stepBytes));
      const bytes = new Uint8Array(await slice.arrayBuffer());
      whole.update(bytes);
      part.update(bytes);
      onProgress({ phase: 'reading', bytes: at + bytes.byteLength, parts: parts.length });
    }
    parts.push(hexOf(part.digest()));
  }
  return { digest: hexOf(whole.digest()), sizeBytes: file.size, parts };
};

const pause = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(stopped());
    });
  });

const isLasting = ({ status }: ApiError): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 429;

/** A part that did not arrive is sent again; asking what is there renews a sign-in that ran out meanwhile. */
const sendPart = async (
  ask: Ask,
  upload: { id: string; index: number; bytes: Blob },
  watch: { signal: AbortSignal; onSent: (bytes: number) => void },
): Promise<void> => {
  const { id, index, bytes } = upload;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await send<null>('PUT', `/api/artifacts/upload-parts/${id}/${index}`, bytes, watch);
      return;
    } catch (error) {
      if (watch.signal.aborted) throw stopped();
      if (!(error instanceof ApiError) || isLasting(error) || attempt === attemptsMax) throw error;
    }
    await pause(firstDelayMs * 2 ** (attempt - 1), watch.signal);
    const state = await ask<UploadState>('GET', uploadPath(id)).catch(() => null);
    if (state?.received.includes(index) === true) return;
  }
};

export const uploadPath = (id: string): string => `/api/artifacts/uploads/${id}`;

export const uploadInParts = async (
  ask: Ask,
  file: File,
  name: string | null,
  watch: UploadWatch,
): Promise<ArtifactImage[]> => {
  const { signal, onProgress, onBegun } = watch;
  const wish = await digestsOf(file, watch);
  const begun = await ask<UploadState>('POST', '/api/artifacts/uploads', {
    ...wish,
    ...(name === null ? {} : { name }),
  });
  onBegun(begun);
  const here = new Set(begun.received);
  const sizeOf = (index: number): number => partSizeOf(file.size, index);
  const bytesHere = (): number => [...here].reduce((sum, index) => sum + sizeOf(index), 0);
  const tell = (more: number): void =>
    onProgress({ phase: 'sending', bytes: bytesHere() + more, parts: here.size });
  tell(0);
  for (let index = 0; index < begun.partCount; index += 1) {
    if (here.has(index)) continue;
    if (signal.aborted) throw stopped();
    const start = index * uploadPartBytes;
    const bytes = file.slice(start, start + sizeOf(index));
    await sendPart(ask, { id: begun.id, index, bytes }, { signal, onSent: tell });
    here.add(index);
    tell(0);
  }
  onProgress({ phase: 'taking', bytes: file.size, parts: here.size });
  const path = `${uploadPath(begun.id)}/finish`;
  // As an upload: taking a large archive in may last longer than an ordinary request.
  const { images } = await send<{ images: ArtifactImage[] }>('POST', path, null, { signal });
  return images;
};
