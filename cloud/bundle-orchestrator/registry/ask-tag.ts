/**
 * Asks a registry which digest a tag stands for now. Of the network only what `Reach` allows: the public
 * internet by TLS, and what the installation named; no redirect is followed, the token's address is judged
 * like any other, and each answer is bounded in time and size. Nothing is kept.
 */
import { createHash } from 'node:crypto';
import { type Answer, type Asked, askOutside } from '@signalbeam/platform/outside/ask';
import { isAllowedUrl, type Reach } from '@signalbeam/platform/outside/reach';
import {
  digestIn,
  hostOf,
  manifestTypes,
  statusWords,
  type TaggedImage,
  tokenUrlOf,
} from '../core/registry-tag.ts';

/** An index of an image for many platforms has some kilobytes; more than engines take is none. */
const bytesMax = 4 * 1024 * 1024;
const msMax = 5_000;

export type TagAnswer = { kind: 'found'; digest: string } | { kind: 'refused'; why: string };

type Asking = { reach: Reach; url: URL; image: TaggedImage };

/** Without TLS only where the cloud itself is on loopback, and there only to loopback. */
const manifestUrl = ({ registry, name, tag }: TaggedImage, reach: Reach): URL | null => {
  const path = `/v2/${name}/manifests/${tag}`;
  const plain = URL.parse(`http://${hostOf(registry)}${path}`);
  if (plain !== null && isAllowedUrl(plain, reach)) return plain;
  return URL.parse(`https://${hostOf(registry)}${path}`);
};

const ask = ({ reach, url }: Asking, method: 'GET' | 'HEAD', token: string | null) => {
  const headers = {
    accept: manifestTypes,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  return askOutside({ url, method, body: null, headers }, reach, { msMax, bytesMax });
};

const tokenIn = (asked: Asked): string | null => {
  if (asked.kind === 'unreachable' || asked.answer.status !== 200 || asked.answer.cut) return null;
  try {
    const said = JSON.parse(asked.answer.body.toString('utf8')) as Record<string, unknown>;
    const token = said['token'] ?? said['access_token'];
    return typeof token === 'string' && /^[\x21-\x7e]{1,20000}$/.test(token) ? token : null;
  } catch {
    return null;
  }
};

/** Null: it wants none, or gives none to everybody. */
const tokenFor = async ({ reach, image }: Asking, answer: Answer): Promise<string | null> => {
  const url = tokenUrlOf(answer.headers['www-authenticate'], image);
  if (url === null) return null;
  const question = { url, method: 'GET', body: null, headers: { accept: 'application/json' } };
  return tokenIn(await askOutside(question, reach, { msMax, bytesMax: 64 * 1024 }));
};

const unreachable = (registry: string, { reason }: { reason: string }): string =>
  `${registry} can’t be asked from here: ${reason.replace(/\.$/, '')}`;

/** Of a registry that does not say the digest: it is that of the manifest’s bytes. */
const ofBytes = async (asking: Asking, token: string | null): Promise<TagAnswer> => {
  const asked = await ask(asking, 'GET', token);
  const { registry } = asking.image;
  if (asked.kind === 'unreachable') return { kind: 'refused', why: unreachable(registry, asked) };
  const { status, body, cut } = asked.answer;
  if (status !== 200) return { kind: 'refused', why: statusWords(status, asking.image) };
  if (cut) return { kind: 'refused', why: `${registry} sent more than a manifest may be` };
  return { kind: 'found', digest: `sha256:${createHash('sha256').update(body).digest('hex')}` };
};

export const askTag = async (image: TaggedImage, reach: Reach): Promise<TagAnswer> => {
  const url = manifestUrl(image, reach);
  if (url === null) return { kind: 'refused', why: `${image.registry} is no address` };
  const asking = { reach, url, image };
  let asked = await ask(asking, 'HEAD', null);
  let token: string | null = null;
  if (asked.kind === 'answered' && asked.answer.status === 401) {
    token = await tokenFor(asking, asked.answer);
    if (token !== null) asked = await ask(asking, 'HEAD', token);
  }
  if (asked.kind === 'unreachable') {
    return { kind: 'refused', why: unreachable(image.registry, asked) };
  }
  const { status, headers } = asked.answer;
  if (status !== 200) return { kind: 'refused', why: statusWords(status, image) };
  const digest = digestIn(headers['docker-content-digest']);
  return digest === null ? ofBytes(asking, token) : { kind: 'found', digest };
};
