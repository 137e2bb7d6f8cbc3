/**
 * What our own service answers to whoever comes with a link to a blob. Who made it was asked then, and
 * is asked for again by whoever calls this. A storage that can open blobs itself is pointed to for a
 * moment; else they come from here. A stale copy is asked about again, so a link that ended opens nothing
 * from a cache either.
 */
import { refusal } from '../http/problem.ts';
import type { LinkJudgement } from './links.ts';
import type { Blobs } from './port.ts';
import { type Asked, blobContent, respond } from './respond.ts';

export const linkedCacheControl = 'private, no-cache';

/** Enough to follow one redirect. */
const pointedToMs = 60_000;

const next = 'Ask for another link: signalbeam images link, or Download in the console.';

/** Throws unless the link is good. */
export const admitLink = (judgement: LinkJudgement): void => {
  if (judgement === 'expired') throw refusal('link-expired', 'This link has ended.', { next });
  if (judgement === 'forged') {
    throw refusal('forbidden', 'This link opens nothing: it was changed or made elsewhere.', {
      next,
    });
  }
};

/** Its maker is gone, disabled, or may not make it any more. */
export const withdrawnLink = () =>
  refusal('link-expired', 'This link has ended: whoever made it may make none any more.', { next });

export const openLinkedBlob = async (
  { blobs, now }: { blobs: Blobs; now: () => number },
  digest: string,
  asked: Asked,
): Promise<Response> => {
  const location = await blobs.presigned(digest, now() + pointedToMs);
  if (location !== null) {
    return new Response(null, { status: 307, headers: { location, 'cache-control': 'no-store' } });
  }
  const lost = () => refusal('not-found', 'There is no such blob any more.');
  const found = await blobs.head(digest);
  if (found === null) throw lost();
  const about = { cacheControl: linkedCacheControl, lost };
  return respond(blobContent(blobs, { digest, ...found }, about), asked);
};
