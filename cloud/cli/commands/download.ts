/**
 * Downloads what a link opens: into a file beside the wanted one, which gets its name once all of it is
 * there. Goes on where the connection broke, if it still is the same content. Knows no credential.
 */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { FleetError } from '@signalbeam/sync/core/errors';

/** In a row that brought nothing. */
const attemptsMax = 4;
const firstDelayMs = 500;

type Link = { url: string; sizeBytes: number };
type Watch = { signal: AbortSignal; progress: (sentence: string) => void };

const failed = (why: string, cause?: unknown): FleetError =>
  new FleetError('download-failed', `The download failed: ${why}. Nothing was kept.`, {
    cause,
    next: 'Give the same command again.',
  });

const bytesIn = async (file: string): Promise<number> =>
  (await stat(file).catch(() => null))?.size ?? 0;

type Known = { tag: string | null };

/** Appends what is not there yet; from the beginning if the content became another. */
const fetchRest = async (link: Link, file: string, known: Known, signal: AbortSignal) => {
  const here = known.tag === null ? 0 : await bytesIn(file);
  const going = here > 0 && known.tag !== null;
  const headers = going ? { range: `bytes=${here}-`, 'if-range': known.tag as string } : {};
  const answer = await fetch(link.url, { headers, signal });
  if (!answer.ok || answer.body === null) {
    const lasting = answer.status < 500 && answer.status !== 429;
    await answer.body?.cancel();
    const error = failed(`the answer was ${answer.status}`);
    throw lasting ? error : new Error(error.message);
  }
  known.tag = answer.headers.get('etag');
  const flags = answer.status === 206 ? 'a' : 'w';
  const body = Readable.fromWeb(answer.body as never);
  await pipeline(body, createWriteStream(file, { flags, mode: 0o600 }), { signal });
};

const stopped = (): FleetError =>
  new FleetError('interrupted', 'The download was stopped; nothing was kept.', {
    next: 'Give the same command again.',
  });

const fetchAll = async (link: Link, file: string, { signal, progress }: Watch): Promise<void> => {
  const known: Known = { tag: null };
  for (let attempt = 1, before = 0; ; attempt += 1) {
    let cause: unknown;
    try {
      await fetchRest(link, file, known, signal);
    } catch (error) {
      if (error instanceof FleetError) throw error;
      cause = error;
    }
    if (signal.aborted) throw stopped();
    const here = await bytesIn(file);
    if (here === link.sizeBytes) return;
    if (here > link.sizeBytes) throw failed('it is longer than announced');
    if (here > before) attempt = 1;
    before = here;
    if (attempt >= attemptsMax) throw failed('it broke off again and again', cause);
    progress(`${here} of ${link.sizeBytes} bytes are here; going on.`);
    await wait(firstDelayMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {
      throw stopped();
    });
  }
};

export const downloadTo = async (link: Link, file: string, watch: Watch): Promise<void> => {
  const partial = `${file}.part`;
  try {
    await fetchAll(link, partial, watch);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
};
