import { describe, expect, it } from 'vitest';
import { statusWords, type TaggedImage, taggedImageOf, tokenUrlOf } from './registry-tag.ts';

describe('an image by its tag', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx', 'latest'],
    ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
    ['acme/app:2', 'docker.io', 'acme/app', '2'],
    ['index.docker.io/nginx:1', 'docker.io', 'library/nginx', '1'],
    ['ghcr.io/acme/app:v1', 'ghcr.io', 'acme/app', 'v1'],
    ['ghcr.io:443/acme/app', 'ghcr.io', 'acme/app', 'latest'],
    ['registry.example:5000/app', 'registry.example:5000', 'app', 'latest'],
    ['localhost:5000/x:1', 'localhost:5000', 'x', '1'],
  ])('%s is of %s, %s, %s', (text, registry, name, tag) => {
    const whole = `${registry}/${name}`;
    expect(taggedImageOf(text)).toEqual({ registry, name, tag, whole });
  });

  it.each([
    '',
    'nginx:',
    ':1',
    'a b',
    'nginx:1/../../admin',
    'ghcr.io/../admin:1',
    'ghcr.io//x:1',
    'user@ghcr.io/x:1',
    'ghcr.io/x?y:1',
    'ghcr.io/x#y',
    'http://ghcr.io/x:1',
    `x@sha256:${'a'.repeat(64)}`,
    'x:1\r\nhost: evil',
    `${'a'.repeat(400)}:1`,
  ])('%j is none', (text) => {
    expect(taggedImageOf(text)).toBeNull();
  });
});

const image = taggedImageOf('ghcr.io/acme/app:v1') as TaggedImage;

it('asks for a token where the registry says, for this image and to read', () => {
  const challenge =
    'Bearer realm="https://auth.example/token?x=1",service="registry.example",scope="repository:other:push"';
  expect(tokenUrlOf(challenge, image)?.href).toBe(
    'https://auth.example/token?x=1&service=registry.example&scope=repository%3Aacme%2Fapp%3Apull',
  );
  for (const other of [undefined, 'Basic realm="x"', 'Bearer service="x"', 'Bearer realm="no"']) {
    expect(tokenUrlOf(other, image)).toBeNull();
  }
});

it('says what an answer means', () => {
  expect(statusWords(404, image)).toBe('ghcr.io has no ghcr.io/acme/app:v1');
  expect(statusWords(401, image)).toContain('no account there');
  expect(statusWords(307, image)).toContain('not followed');
  expect(statusWords(502, image)).toBe('ghcr.io answered 502');
});
