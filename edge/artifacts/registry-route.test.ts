/** What a URL, a range and a reference mean, hostile ones included. */
import { expect, test } from 'vitest';
import { parseUploaded, toLocalReference } from './reference.ts';
import { rangeOf } from './registry-replies.ts';
import { parseRoute } from './registry-route.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test('knows the three things of the protocol', () => {
  expect(parseRoute('/v2/')).toEqual({ kind: 'version' });
  expect(parseRoute(`/v2/plant/web/manifests/${digest}`)).toEqual({ kind: 'manifest', digest });
  expect(parseRoute(`/v2/web/blobs/${digest.replace(':', '%3A')}?ns=x`)).toEqual({
    kind: 'blob',
    digest,
  });
});

test.each([
  ['/', 404],
  ['/v2/web/manifests/latest', 404],
  ['/v2/web/blobs/latest', 400],
  ['/v2/web/tags/list', 404],
  [`/v2/../../etc/manifests/${digest}`, 400],
  [`/v2/%2e%2e/blobs/${digest}`, 400],
  [`/v2/UPPER/blobs/${digest}`, 400],
  [`/v2/${'a'.repeat(300)}/blobs/${digest}`, 400],
  ['/v2/web/blobs/sha256:..%2f..%2fetc%2fpasswd', 400],
  ['/v2/web/blobs/uploads/', 404],
])('refuses %s with %d', (url, status) => {
  expect(parseRoute(url)).toMatchObject({ kind: 'refused', status });
});

test.each([
  [undefined, null],
  ['bytes=0-', { start: 0, end: 99 }],
  ['bytes=10-19', { start: 10, end: 19 }],
  ['bytes=90-500', { start: 90, end: 99 }],
  ['bytes=-10', { start: 90, end: 99 }],
  ['bytes=-500', { start: 0, end: 99 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=20-10', null],
  ['bytes=0-1,5-6', null],
  ['lines=0-1', null],
  ['bytes=-', null],
])('reads the range %s of 100 bytes', (header, expected) => {
  expect(rangeOf(header, 100)).toEqual(expected);
});

test('turns a name of this platform into one of the local endpoint, and leaves others alone', () => {
  expect(toLocalReference(`signalbeam.local/plant/web@${digest}`, 4711)).toBe(
    `127.0.0.1:4711/plant/web@${digest}`,
  );
  expect(toLocalReference(`docker.io/library/nginx@${digest}`, 4711)).toBe(
    `docker.io/library/nginx@${digest}`,
  );
  expect(parseUploaded(`docker.io/nginx@${digest}`)).toBeNull();
});

test.each([
  'signalbeam.local/web',
  'signalbeam.local/web:latest',
  `signalbeam.local/@${digest}`,
  `signalbeam.local/../x@${digest}`,
  `signalbeam.local/web@${digest}0`,
])('refuses %s as a reference', (reference) => {
  expect(() => parseUploaded(reference)).toThrow(
    expect.objectContaining({ code: 'image-reference-invalid' }),
  );
});
