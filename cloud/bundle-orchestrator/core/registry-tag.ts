/**
 * What a registry is asked to learn which digest a tag stands for, and what its answers mean: the ordinary
 * distribution protocol, with a token for everybody where it wants one. Pure; asking is ../registry/ask-tag.ts.
 */
import { registryOf } from './registry.ts';

/** `ghcr.io/acme/app:1.2`, written out as an engine reads it. */
export type TaggedImage = { registry: string; name: string; tag: string; whole: string };

const textPattern =
  /^(?<name>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?::\d{1,5}(?=\/))?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$/;

/** Null when it is no name with a tag; without one it is `latest`, as engines read it. */
export const taggedImageOf = (text: string): TaggedImage | null => {
  const found = text.length <= 400 ? textPattern.exec(text)?.groups : undefined;
  if (found?.['name'] === undefined) return null;
  const { name: given, tag = 'latest' } = found as { name: string; tag?: string };
  const [first = '', ...rest] = given.split('/');
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = isRegistry ? registryOf(given) : 'docker.io';
  const parts = isRegistry ? rest : [first, ...rest];
  const name =
    registry === 'docker.io' && parts.length === 1 ? `library/${parts[0]}` : parts.join('/');
  return { registry, name, tag, whole: `${registry}/${name}` };
};

/** Docker Hub’s name is not where it answers. */
export const hostOf = (registry: string): string =>
  registry === 'docker.io' ? 'registry-1.docker.io' : registry;

export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** `Bearer realm="https://auth.example/token",service="registry.example"` → where a token is asked for. */
export const tokenUrlOf = (challenge: string | undefined, image: TaggedImage): URL | null => {
  if (challenge === undefined || !/^bearer /i.test(challenge)) return null;
  const field = (name: string): string | undefined =>
    new RegExp(`(?:^|[\\s,])${name}="([^"]{1,500})"`, 'i').exec(challenge)?.[1];
  const url = URL.parse(field('realm') ?? '');
  if (url === null) return null;
  const service = field('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${image.name}:pull`);
  return url;
};

export const digestIn = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' && /^sha256:[0-9a-f]{64}$/.test(header) ? header : null;

/** Why an answer says nothing of the digest. */
export const statusWords = (status: number, { registry, whole, tag }: TaggedImage): string => {
  if (status === 404) return `${registry} has no ${whole}:${tag}`;
  if (status === 401 || status === 403) {
    return `${registry} shows ${whole} to those who sign in, and this cloud has no account there`;
  }
  if (status === 429) return `${registry} answers no more for now (429)`;
  if (status >= 300 && status < 400) {
    return `${registry} sends elsewhere (${status}), which is not followed`;
  }
  return `${registry} answered ${status}`;
};
