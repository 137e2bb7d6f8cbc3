/**
 * Uploads in parts: begun by saying what each part will be, sent part by part in any order and as often
 * as one likes, finished when all are here. Parts are staged apart from artifacts, each held to its own
 * digest; the whole is read through once against its digest before anything of it is looked at, so
 * nothing ever refers to what was damaged on its way. A part counts for an upload only once its sender had
 * the bytes of it: knowing a digest gets nobody what another tenant staged. Any replica takes any part.
 */
import type { Blobs } from '@signalbeam/platform/blobs/port';
import { verified } from '@signalbeam/platform/blobs/verify';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import {
  type Author,
  changeTenant,
  type TenantScope,
  withTenant,
} from '@signalbeam/platform/postgres/tenant';
import { artifactBytesMax } from '@signalbeam/sync/core/limits';
import { partSizeOf, placesText } from '../core/upload-parts.ts';
import {
  beginUpload,
  deleteUpload,
  findUpload,
  noteReceived,
  openUploads,
  type Upload,
  type UploadWish,
} from '../store/uploads.ts';
import { atMost } from './at-most.ts';
import type { UploadedImage, Uploader } from './upload.ts';

/** Of one tenant at once, and all of them together: what the staging may hold for it. */
const uploadsMax = 8;
const stagedBytesMax = 2 * artifactBytesMax;
/** Long enough to go on after a weekend. */
export const uploadLifeMs = 3 * 86_400_000;
/** Each holds a block in memory, and who sends slowly holds it for long: nobody may take all of them. */
const partsAtOnce = { max: 16, ofOneMax: uploadsMax, what: 'parts are being taken' };
/** Each reads an archive through. */
const finishedAtOnce = { max: 4, ofOneMax: 3, what: 'uploads are being finished' };

type PartsParts = { pool: Pool; system: Pool; staging: Blobs; upload: Uploader; now: () => number };

const noSuchUpload = () =>
  refusal('not-found', 'There is no such upload: it was finished, given up or too old.', {
    next: 'See whether its images are there; else begin it again and send every part.',
  });

const held = async (pool: Pool, scope: TenantScope, id: string): Promise<Upload> => {
  const upload = await withTenant(pool, scope, (sql) => findUpload(sql, id));
  if (upload === null) throw noSuchUpload();
  return upload;
};

const headsAtOnce = 16;
/** Those in their order that are staged still, whatever became of the staging. */
const receivedOf = async (staging: Blobs, upload: Upload): Promise<number[]> => {
  const here: number[] = [];
  const received = upload.received.toSorted((one, other) => one - other);
  for (let start = 0; start < received.length; start += headsAtOnce) {
    const some = received.slice(start, start + headsAtOnce);
    const heads = await Promise.all(some.map((index) => staging.head(upload.parts[index] ?? '')));
    here.push(...some.filter((_, at) => heads[at] !== null));
  }
  return here;
};

const shown = async (staging: Blobs, upload: Upload): Promise<Upload> => ({
  ...upload,
  received: await receivedOf(staging, upload),
});

const record = (author: Author, action: string, upload: { id: string }, after?: object) => ({
  ...author,
  action: `artifact.upload-${action}`,
  target: `artifact-upload:${upload.id}`,
  ...(after === undefined ? {} : { after }),
});

const begin = async (
  { pool, staging, now }: PartsParts,
  author: Author,
  wish: UploadWish,
): Promise<Upload> => {
  const upload = await changeTenant(pool, author, async (sql) => {
    const open = await openUploads(sql, author.tenantId, wish.digest);
    if (open.count >= uploadsMax || open.sizeBytes + wish.sizeBytes > stagedBytesMax) {
      const detail = `${open.count} uploads with ${open.sizeBytes} bytes are not finished.`;
      throw refusal('quota-reached', `${detail} Nothing was begun.`, {
        next: `Finish or give one up: at most ${uploadsMax}, with ${stagedBytesMax} bytes together.`,
      });
    }
    const at = new Date(now());
    const expiresAt = new Date(now() + uploadLifeMs);
    const times = { by: author.actor, now: at, expiresAt };
    const begun = await beginUpload(sql, author.tenantId, wish, times);
    const { digest, sizeBytes, name } = wish;
    await writeAudit(sql, record(author, 'begin', begun, { digest, sizeBytes, name }));
    return begun;
  });
  return shown(staging, upload);
};

const sendPart = async (
  { pool, system, staging }: PartsParts,
  scope: TenantScope,
  part: { id: string; index: number; source: AsyncIterable<Uint8Array> },
): Promise<void> => {
  const upload = await held(pool, scope, part.id);
  const sizeBytes = partSizeOf(upload.sizeBytes, part.index);
  const digest = upload.parts[part.index];
  if (sizeBytes === null || digest === undefined) {
    throw refusal('not-found', `This upload has the parts 0 to ${upload.parts.length - 1}.`);
  }
  const source = verified(part.source, digest, sizeBytes);
  await staging.put(digest, sizeBytes, source);
  // What is staged already was not read by that.
  for await (const _ of source);
  const { tenantId } = scope;
  await noteReceived(system, { tenantId, id: part.id }, { index: part.index, digest });
};

/** The parts as one, in their order. */
async function* joined(staging: Blobs, upload: Upload): AsyncGenerator<Uint8Array> {
  for (const [index, digest] of upload.parts.entries()) {
    const content = await staging.get(digest);
    if (content === null) throw missing([index]);
    yield* content.stream;
  }
}

const missing = (places: readonly number[]) =>
  refusal('parts-missing', `Not here: part ${placesText(places)}. Nothing was stored.`, {
    next: 'Send them, then finish again.',
  });

const finish = async (parts: PartsParts, author: Author, id: string): Promise<UploadedImage[]> => {
  const { pool, staging, upload: take } = parts;
  const upload = await held(pool, author, id);
  const here = new Set(await receivedOf(staging, upload));
  const absent = upload.parts.flatMap((_, index) => (here.has(index) ? [] : [index]));
  if (absent.length > 0) throw missing(absent);
  for await (const _ of verified(joined(staging, upload), upload.digest, upload.sizeBytes));
  const images = await take({ author, name: upload.name, source: joined(staging, upload) });
  await closeUpload(parts, author, id, 'finish');
  return images;
};

export const closeUpload = async (
  { pool }: Pick<PartsParts, 'pool'>,
  author: Author,
  id: string,
  how: 'finish' | 'abandon' | 'expire',
): Promise<void> => {
  await changeTenant(pool, author, async (sql) => {
    const wasOpen = await deleteUpload(sql, author.tenantId, id);
    // Another replica closed it at the same moment.
    if (!wasOpen && how === 'abandon') throw noSuchUpload();
    if (wasOpen) await writeAudit(sql, record(author, how, { id }));
  });
};

export const createPartUploads = (parts: PartsParts) => {
  const taking = atMost(partsAtOnce);
  const finishing = atMost(finishedAtOnce);
  return {
    begin: (author: Author, wish: UploadWish) => begin(parts, author, wish),
    show: async (scope: TenantScope, id: string) =>
      shown(parts.staging, await held(parts.pool, scope, id)),
    send: (scope: TenantScope, part: Parameters<typeof sendPart>[2]) =>
      taking(scope.tenantId, () => sendPart(parts, scope, part)),
    finish: (author: Author, id: string) =>
      finishing(author.tenantId, () => finish(parts, author, id)),
    abandon: (author: Author, id: string) => closeUpload(parts, author, id, 'abandon'),
  };
};
export type PartUploads = ReturnType<typeof createPartUploads>;
