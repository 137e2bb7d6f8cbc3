/**
 * What our own service answers to whoever comes with a link to a blob. The link is the whole
 * credential: who made it was asked then. A stale copy is asked about again, so a link that ended
 * opens nothing from a cache either.
 */
import { refusal } from '../http/problem.ts';
import { judgeBlobLink, type LinkJudgement, type LinkProof, type LinkSigner } from './links.ts';
import type { Blobs } from './port.ts';
import { type Asked, blobContent, respond } from './respond.ts';

export const linkedCacheControl = 'private, no-cache';

/** Throws unless the link is good. */
export const admitLink = (judgement: LinkJudgement): void => {
  const next = 'Ask for another link: signalbeam images link, or Download in the console.';
  if (judgement === 'expired') throw refusal('link-expired', 'This link has ended.', { next });
  if (judgement === 'forged') {
    throw refusal('forbidden', 'This link opens nothing: it was changed or made elsewhere.', {
      next,
    });
  }
};

export const openBlobLink = async (
  parts: { blobs: Blobs; links: LinkSigner; now: () => number },
  link: { digest: string; proof: LinkProof },
  asked: Asked,
): Promise<Response> => {
  const { digest, proof } = link;
  admitLink(judgeBlobLink(parts.links, digest, proof, parts.now()));
  const lost = () => refusal('not-found', 'There is no such blob any more.');
  const found = await parts.blobs.head(digest);
  if (found === null) throw lost();
  const about = { cacheControl: linkedCacheControl, lost };
  return respond(blobContent(parts.blobs, { digest, ...found }, about), asked);
};
