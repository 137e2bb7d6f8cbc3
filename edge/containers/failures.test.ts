/** The words of both engines, as they were met, and the code each becomes. */
import { expect, test } from 'vitest';
import { isSocketFailure, refused, unreachableEngine } from './failures.ts';

test.each([
  [
    'driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use',
    'port-in-use',
  ],
  [
    'driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated',
    'port-in-use',
  ],
  [
    'cannot listen on the TCP port: listen tcp4 :18092: bind: address already in use',
    'port-in-use',
  ],
  ['Conflict. The container name "/web" is already in use by container "5e7"', 'name-in-use'],
  [
    'creating container storage: the container name "t2" is already in use by 5e7. You have to remove that container',
    'name-in-use',
  ],
  [
    'renaming container 44e: name engb-2 already in use, cannot rename container 44e: container already exists',
    'name-in-use',
  ],
  ['No such container: fff', 'container-not-found'],
  ['no container with name or ID "nope" found: no such container', 'container-not-found'],
  ['Container 5e7 is not running', 'container-not-running'],
  ['Container 5e7 is restarting, wait until the container is running', 'container-not-running'],
  [
    'can only create exec sessions on running containers: container state improper',
    'container-not-running',
  ],
  ['No such image: 127.0.0.1:1/x@sha256:00', 'image-not-found'],
  [
    'initializing source docker://127.0.0.1:1/x@sha256:00: reading manifest sha256:00 in 127.0.0.1:1/x: manifest unknown',
    'image-not-found',
  ],
  ['manifest for 127.0.0.1:1/x@sha256:00 not found: manifest unknown', 'image-not-found'],
  [
    'pull access denied for x, repository does not exist or may require docker login: denied: requested access',
    'registry-refused',
  ],
  [
    'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    'registry-unreachable',
  ],
  [
    'pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example: no such host',
    'registry-unreachable',
  ],
  ['write /var/lib/docker/tmp/x: no space left on device', 'disk-full'],
  ['remove x: volume is in use - [5e7]', 'volume-in-use'],
  [
    'volume x is being used by the following container(s): 5e7: volume is being used',
    'volume-in-use',
  ],
  ['something nobody has seen', 'engine-refused'],
])('%s', (message, code) => {
  const failure = refused('start container web', { status: 500, message });
  expect(failure.code).toBe(code);
  expect(failure.message).toMatch(/^Could not start container web: /);
  expect(failure.next).toMatch(/\.$/);
});

test('shortens what an engine says at length', () => {
  const failure = refused('x', { status: 500, message: 'long\n '.repeat(1_000) });
  expect(failure.message.length).toBeLessThan(550);
  expect(failure.message).not.toContain('\n');
});

test('names a container by the first digits of its id, and leaves digests whole', () => {
  const id = 'ab'.repeat(32);
  const failure = refused(`start container ${id}`, {
    status: 500,
    message: `sha256:${id} of ${id}`,
  });
  expect(failure.message).toContain(`container abababababab: sha256:${id} of abababababab`);
});

test('tells a socket that may not be opened from one where nobody listens', () => {
  const denied = unreachableEngine('list containers', '/run/x.sock', { code: 'EACCES' });
  expect(denied).toMatchObject({ code: 'engine-unreachable', next: expect.stringMatching(/root/) });
  const gone = unreachableEngine('list containers', '/run/x.sock', { code: 'ENOENT' });
  expect(gone.next).toMatch(/Start the Docker or Podman service/);
  expect(isSocketFailure({ code: 'ECONNRESET' })).toBe(true);
  expect(isSocketFailure(new Error('x'))).toBe(false);
});
