import { expect, it } from 'vitest';
import { createOnce } from './once.ts';

it('asks again with the same key until there is an answer, and then with another', () => {
  const once = createOnce();
  const keyFor = (body: string, at = 0) => once.keyFor('POST', '/api/groups', body, at);
  const first = keyFor('{"name":"a"}');
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(keyFor('{"name":"a"}')).toBe(first);
  expect(keyFor('{"name":"b"}')).not.toBe(first);
  // A repeat much later is another wish.
  const late = keyFor('{"name":"b"}', 600_000);
  expect(late).not.toBe(keyFor('{"name":"b"}', 1_200_000));
  once.answered('/api/groups', '{"name":"a"}', 503, 'database-unavailable');
  once.answered('/api/groups', '{"name":"a"}', 409, 'request-in-progress');
  expect(keyFor('{"name":"a"}')).toBe(first);
  once.answered('/api/groups', '{"name":"a"}', 409, 'conflict');
  expect(keyFor('{"name":"a"}')).not.toBe(first);
});

it.each([
  ['GET', '/api/groups'],
  ['PATCH', '/api/groups/1'],
  ['POST', '/api/bundles/validate'],
  ['POST', '/api/rollouts/preview'],
  ['POST', '/api/rollouts/1/pause'],
  ['POST', '/api/auth/login'],
])('has no key for what changes nothing or may be repeated: %s %s', (method, path) => {
  expect(createOnce().keyFor(method, path, '', 0)).toBeNull();
});
