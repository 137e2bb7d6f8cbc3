/**
 * What an engine says when it fails, turned into a stable code and the next step for a person.
 * Docker and Podman word the same trouble differently and mostly answer 500, so the text decides
 * before the status does. Unknown trouble is `engine-refused` with the engine's own words.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { EngineFailure } from './engine.ts';

/** What both adapters know of a failed call. */
export type Refusal = { status: number; message: string };

type Rule = { code: EngineFailure; matches: RegExp; next: string };

const rules: readonly Rule[] = [
  {
    code: 'port-in-use',
    matches: /address already in use|port is already allocated|proxy already running/i,
    next: 'Free the host port or give the bundle another one.',
  },
  {
    code: 'disk-full',
    matches: /no space left on device|disk quota exceeded/i,
    next: "Free space on the engine's disk.",
  },
  {
    code: 'name-in-use',
    matches: /name .*already in use/i,
    next: 'Another container of this host has that name: remove or rename it.',
  },
  {
    code: 'volume-in-use',
    matches: /volume is (?:in use|being used)|volume .* is being used/i,
    next: 'Remove the containers that use the volume first.',
  },
  {
    code: 'image-in-use',
    matches: /image is (?:in use|being used)|image .* in use|must be forced/i,
    next: 'Remove the containers that use the image first.',
  },
  {
    code: 'registry-refused',
    matches: /unauthorized|authentication required|access denied|pull access denied|\bdenied:/i,
    next: 'Check that the registry allows this device to pull the image.',
  },
  {
    code: 'image-not-found',
    matches:
      /manifest unknown|no such image|image not known|image .* not found|manifest for .* not found|unable to find image|blob unknown|name unknown/i,
    next: 'Check that the image and its digest exist in its registry.',
  },
  {
    code: 'registry-unreachable',
    matches:
      /pinging container registry|no such host|dial tcp|connection refused|i\/o timeout|TLS handshake|server gave HTTP response|network is unreachable|unexpected EOF/i,
    next: "Check the device's network and the registry's address.",
  },
  {
    code: 'container-not-running',
    matches:
      /is not running|is restarting|container state improper|is paused|only create exec sessions on running/i,
    next: 'Look at why the container stopped, in its log.',
  },
  {
    code: 'container-not-found',
    matches: /no such container|no container with/i,
    next: 'It was removed by someone else; the next reconcile creates it again.',
  },
];

/** A call the engine answered with a failure. `what` names the act, as in "start container web". */
export const refused = (
  what: string,
  { status, message }: Refusal,
  cause?: unknown,
): FleetError => {
  const said = shorten(message);
  const rule = rules.find((each) => each.matches.test(message));
  if (rule) return failure(rule.code, what, said, rule.next, cause);
  const next = 'Read the message; the engine’s own log says more.';
  return failure('engine-refused', what, `${said} (HTTP ${status})`, next, cause);
};

/** A call that got no answer at all. */
export const unreachableEngine = (what: string, socketPath: string, cause: unknown): FleetError => {
  const code = errorCode(cause);
  const denied = code === 'EACCES' || code === 'EPERM';
  return new FleetError(
    'engine-unreachable',
    `The container engine at ${socketPath} can't be reached (${code || 'connection lost'}): ${what}. It will be tried again.`,
    {
      cause,
      next: denied
        ? 'Run the agent as root or as a user who may open that socket.'
        : 'Start the Docker or Podman service, or point the agent at its socket.',
    },
  );
};

/** An answer that is not of the form the engine's API promises. */
export const invalidReply = (what: string, cause: unknown): FleetError =>
  new FleetError(
    'engine-reply-invalid',
    `The container engine's answer was not understood: ${what}.`,
    {
      cause,
      next: 'Check that the socket belongs to Docker (API 1.41 or later) or Podman (4.0 or later).',
    },
  );

export const errorCode = (cause: unknown): string => {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return '';
  return typeof cause.code === 'string' ? cause.code : '';
};

/** Codes of sockets: the engine is not there, went away, or may not be opened. */
export const isSocketFailure = (cause: unknown): boolean =>
  /^(?:ECONN|ENOENT|EACCES|EPERM|EPIPE|ENOTSOCK|ETIMEDOUT|UND_ERR_SOCKET|UND_ERR_CLOSED|UND_ERR_DESTROYED)/.test(
    errorCode(cause),
  );

const failure = (
  code: EngineFailure,
  what: string,
  said: string,
  next: string,
  cause: unknown,
): FleetError => new FleetError(code, shortIds(`Could not ${what}: ${said}`), { cause, next });

/** A container's id in full says no more than its first twelve digits; a digest stays whole. */
const shortIds = (text: string): string =>
  text.replaceAll(/(?<![0-9a-f:])[0-9a-f]{64}(?![0-9a-f])/g, (id) => id.slice(0, 12));

const shorten = (message: string): string => {
  const line = message.replaceAll(/\s+/g, ' ').trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line || 'the engine gave no reason';
};
