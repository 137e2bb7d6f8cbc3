/**
 * `signalbeam keys`: leaving the development root. `show`, `send` and `rotate` talk to the cloud as
 * an admin; `init` and `sign` need no network and run where the root keys are kept.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { roles } from '@signalbeam/sync/core/records';
import { parseJson } from '@signalbeam/sync/wire/shape';
import {
  countSignatures,
  isNextKeyset,
  isNextRoot,
  nextKeyset,
  nextRoot,
  type Shown,
  shownSchema,
  signToo,
  verifyShown,
} from '../keys/ceremony.ts';
import { createRootKey, readRootKey } from '../keys/root-key.ts';
import { parseFlags, UsageError } from './usage.ts';

const answerBytesMax = 256 * 1024;
const flags = {
  url: { type: 'string' },
  out: { type: 'string' },
  tenant: { type: 'string' },
  dir: { type: 'string' },
  count: { type: 'string', default: '3' },
  threshold: { type: 'string', default: '2' },
  key: { type: 'string', multiple: true },
  'passphrase-file': { type: 'string' },
  'withdraw-old': { type: 'boolean', default: false },
  'no-new': { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof parseFlags<typeof flags>>['values'];

const needed = (values: Values, flag: 'url' | 'tenant' | 'dir'): string => {
  const value = values[flag];
  if (value === undefined) throw new UsageError(`keys: --${flag} is missing.`);
  return value;
};

const ask = async (
  values: Values,
  method: string,
  path: string,
  body?: unknown,
): Promise<Shown> => {
  const token = process.env['SIGNALBEAM_TOKEN'];
  if (token === undefined) throw new UsageError('keys: SIGNALBEAM_TOKEN is not set.');
  const url = new URL(path, needed(values, 'url'));
  const reply = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'error',
    signal: AbortSignal.timeout(20_000),
  }).catch((cause) => {
    throw new FleetError('cloud-unreachable', `The cloud at ${url.origin} can't be reached.`, {
      cause,
    });
  });
  const text = await reply.text();
  if (!reply.ok) {
    throw new FleetError('cloud-refused', `The cloud answered ${reply.status}: ${text}`, {
      next: 'The code in the answer is described in docs/errors.md.',
    });
  }
  return understood(text, url.origin);
};

const understood = (text: string, from: string): Shown => {
  const parsed = parseJson(text, shownSchema, answerBytesMax);
  if (parsed.kind === 'parsed') return parsed.value;
  throw new FleetError('cloud-reply-invalid', `${from} shows no keys: ${parsed.reason}.`);
};

const describe = (shown: Shown): string => {
  const { root, keyset } = verifyShown(shown);
  const kind = root.development ? 'development root' : 'root';
  const lines = [
    `${kind} ${root.version}: ${root.threshold} of ${root.keys.length}, until ${root.expiresAt}`,
    ...root.keys.map(({ keyId }) => `  ${keyId}`),
    `key set ${keyset.version}`,
    ...roles.map((role) => `  ${role}: ${keyset.roles[role].map(({ keyId }) => keyId).join(' ')}`),
  ];
  if (shown.proposal !== null) lines.push('A key set with other keys waits to be signed.');
  return lines.join('\n');
};

const tenantOf = (values: Values): Shown => {
  const path = needed(values, 'tenant');
  return understood(readFileSync(path, 'utf8'), path);
};

const passphraseOf = (values: Values): string | null => {
  const path = values['passphrase-file'];
  if (path === undefined) return null;
  const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  if (text.length < 12) throw new UsageError('keys: the passphrase has fewer than 12 letters.');
  return text;
};

const files = (dir: string) => ({ root: join(dir, 'root.json'), keyset: join(dir, 'keyset.json') });

const wholeNumber = (text: string, flag: string): number => {
  if (/^[1-8]$/.test(text)) return Number(text);
  throw new UsageError(`keys: --${flag} is a number from 1 to 8.`);
};

const init = (values: Values): string => {
  const [shown, dir] = [tenantOf(values), needed(values, 'dir')];
  const count = wholeNumber(values.count, 'count');
  const threshold = wholeNumber(values.threshold, 'threshold');
  if (threshold > count) throw new UsageError('keys: --threshold is larger than --count.');
  const passphrase = passphraseOf(values);
  verifyShown(shown);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const signers = Array.from({ length: count }, (_, index) =>
    createRootKey(join(dir, `root-key-${index + 1}.json`), passphrase),
  );
  const nowMs = Date.now();
  const root = nextRoot(shown, signers, { threshold, nowMs });
  const old = (values.key ?? []).map((path) => readRootKey(path, passphrase));
  writeFileSync(files(dir).root, signToo(root, old));
  writeFileSync(files(dir).keyset, nextKeyset(shown, signers, nowMs));
  return [
    `Made ${count} root keys, ${threshold} of which are needed:`,
    ...signers.map(({ keyId }, index) => `  root-key-${index + 1}.json  ${keyId}`),
    `Hand the new root in with: ./signalbeam keys send --url … --dir ${dir}`,
    'Then keep each key in another place, away from this machine.',
  ].join('\n');
};

const sign = (values: Values): string => {
  const [shown, dir] = [tenantOf(values), needed(values, 'dir')];
  const { root } = verifyShown(shown);
  const passphrase = passphraseOf(values);
  const paths = values.key ?? [];
  if (paths.length === 0) throw new UsageError('keys: --key is missing.');
  const signers = paths.map((path) => readRootKey(path, passphrase));
  const stranger = signers.find(({ keyId }) => !root.keys.some((key) => key.keyId === keyId));
  if (stranger !== undefined) {
    throw new FleetError(
      'root-key-unknown',
      `${stranger.keyId} is no key of root ${root.version}.`,
    );
  }
  const path = files(dir).keyset;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const begun = existsSync(path) ? readFileSync(path) : null;
  const envelope =
    begun !== null && isNextKeyset(shown, begun)
      ? signToo(begun, signers)
      : nextKeyset(shown, signers, Date.now());
  writeFileSync(path, envelope);
  const count = countSignatures(envelope, root);
  const left = Math.max(0, root.threshold - count);
  return left === 0
    ? `${path} has the ${root.threshold} signatures that it needs.`
    : `${path} has ${count} of ${root.threshold} signatures; ${left} to go.`;
};

const send = async (values: Values): Promise<string> => {
  const { root, keyset } = files(needed(values, 'dir'));
  const shown = await ask(values, 'GET', '/api/keys');
  const next = existsSync(root) ? readFileSync(root) : null;
  // The folder of the last ceremony still holds its root; the cloud has it since then.
  const isNew = next !== null && isNextRoot(shown, next);
  const body = {
    root: isNew ? next.toString('base64') : null,
    keyset: readFileSync(keyset).toString('base64'),
  };
  return describe(await ask(values, 'POST', '/api/keys', body));
};

const show = async (values: Values): Promise<string> => {
  const shown = await ask(values, 'GET', '/api/keys');
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(shown, null, 2)}\n`);
  return describe(shown);
};

const rotate = async (values: Values, role: string | undefined): Promise<string> => {
  if (!roles.some((known) => known === role)) {
    throw new UsageError(`keys rotate: name one of ${roles.join(', ')}.`);
  }
  const old = values['withdraw-old'];
  if (values['no-new'] && !old) throw new UsageError('keys rotate: --no-new needs --withdraw-old.');
  const change = values['no-new'] ? 'withdraw-old' : old ? 'replace' : 'add';
  return describe(await ask(values, 'POST', '/api/keys/rotate', { role, change }));
};

const verbs: Record<string, (values: Values, word?: string) => string | Promise<string>> = {
  show,
  init,
  sign,
  send,
  rotate,
};

export const keys = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseFlags('keys', args, flags, 'any');
  const [verb = '', word] = positionals;
  const run = verbs[verb];
  if (run === undefined || positionals.length > (verb === 'rotate' ? 2 : 1)) {
    throw new UsageError(`keys: say one of ${Object.keys(verbs).join(', ')}.`);
  }
  console.log(await run(values, word));
  return 0;
};
