/** Which of the few things the endpoint has a URL asks for. Pure; anything else is refused by name. */
import { isDigest } from './digest.ts';
import { repositoryPattern } from './reference.ts';

export type Route =
  | { kind: 'version' }
  | { kind: 'manifest' | 'blob'; digest: string }
  | { kind: 'refused'; status: number; code: string; message: string };

const shape = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/;

export const parseRoute = (url: string): Route => {
  const path = url.split('?', 1)[0] ?? '';
  if (path === '/v2/' || path === '/v2') return { kind: 'version' };
  const [, name = '', collection, reference = ''] = shape.exec(path) ?? [];
  if (!collection) return refused(404, 'UNSUPPORTED', 'there is nothing at this path');
  // Docker writes the colon as it is, other clients escape it; nothing else may be escaped.
  const digest = reference.replace(/%3a/i, ':');
  if (name.length > 255 || !repositoryPattern.test(name)) {
    return refused(400, 'NAME_INVALID', 'invalid repository name');
  }
  if (isDigest(digest)) return { kind: collection === 'manifests' ? 'manifest' : 'blob', digest };
  if (collection === 'blobs') return refused(400, 'DIGEST_INVALID', 'not a sha256 digest');
  return refused(404, 'MANIFEST_UNKNOWN', 'images have no tags here: ask by digest');
};

const refused = (status: number, code: string, message: string): Route => ({
  kind: 'refused',
  status,
  code,
  message,
});
