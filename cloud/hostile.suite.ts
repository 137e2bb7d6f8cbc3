/**
 * Whatever is sent is answered as the document says, and never by a failure of ours. Each kind of
 * hostility goes over every operation that takes it: bodies that are right, broken somewhere inside,
 * too deep or of another form; addresses and parameters; conditions; kinds of content.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Call } from './calls.suite.ts';
import {
  type Answer,
  arbitraryOf,
  brokenOf,
  hostileText,
  type Judge,
  type Operation,
} from './document.suite.ts';
import type { Request } from './two-tenants.suite.ts';

/** Each run draws other values; a full one more of them. */
const full = process.env['SIGNALBEAM_FULL'] === '1';

type Ask = (path: string, request: Request) => Promise<Answer>;

export const expectAnyBodyAnswered = async (
  operation: Operation,
  ask: (body: string) => Promise<Answer>,
  judge: Judge,
): Promise<void> => {
  const schema = operation.body ?? {};
  const bodies = fc.oneof(arbitraryOf(schema, judge), brokenOf(schema, judge));
  // Passwords are slow to check, on purpose.
  const numRuns = (/auth|users/.test(operation.key) ? 0.4 : 1) * (full ? 50 : 15);
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const { status } = await ask(JSON.stringify(body === undefined ? null : body));
      expect(status).toBeLessThan(500);
    }),
    { numRuns },
  );
};

const deep = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + close.repeat(levels);

/** What no value of JavaScript becomes when it is written as JSON. */
const texts = (field: string, rest: string): string[] => [
  deep(50_000, '[', ']'),
  `{"${field}":${deep(20_000, '{"x":', '}').replace(':}', ':0}')}${rest}}`,
  `{"__proto__":{"role":"admin"}${rest}}`,
  `{"constructor":{"prototype":{}},"${field}":1e999${rest}}`,
  `{"${field}":-0,"${field}":"\\ud800\\u0000"${rest}}`,
  `\u{feff}{"${field}":null${rest}}`,
];

/** Bodies as text: too deep for a stack, with names that mean something to the language, twice the same. */
export const expectAnyTextAnswered = async (
  operation: Operation,
  { body }: Call,
  ask: (body: string) => Promise<Answer>,
  judge: Judge,
): Promise<void> => {
  const [field = 'x'] = Object.keys(judge.resolve(operation.body ?? {}).properties ?? {});
  const { [field]: _, ...others } = (body ?? {}) as Record<string, unknown>;
  const rest = Object.entries(others)
    .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join('');
  for (const text of texts(field, rest)) {
    const { status } = await ask(text);
    expect([operation.key, text.slice(0, 60), status < 500]).toEqual([
      ...[operation.key, text.slice(0, 60), true],
    ]);
  }
};

const kindsOfContent = [
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/html'],
  ...['application/json; charset=utf-16', 'application/jsonp', 'json', '*/*', 'a/b;="'],
];

/** The body is the right one; what it is said to be is not. */
export const expectAnyKindAnswered = async (
  operation: Operation,
  { body }: Call,
  ask: (request: Request) => Promise<Answer>,
): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kindsOfContent), async (kind) => {
      const broken = JSON.stringify(body ?? {}).slice(0, -1);
      const { status } = await ask({ body: broken, headers: { 'content-type': kind } });
      expect([operation.key, kind, status >= 400 && status < 500]).toEqual([
        ...[operation.key, kind, true],
      ]);
    }),
    { numRuns: 2 },
  );
};

const odd = hostileText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 2_000)));
/** Cursors that somebody made: of the right form, and of anything inside. */
const cursors = fc
  .array(fc.oneof(fc.string(), fc.integer(), fc.uuid(), fc.constant(null), fc.date()), {
    maxLength: 4,
  })
  .map((position) => Buffer.from(JSON.stringify(position)).toString('base64url'));
const parameterValues = fc.oneof(
  odd,
  cursors,
  fc.constantFrom('-1', '0', '1e9', '2026-13-45T00:00:00Z', '0001-01-01T00:00:00Z', '', '%00'),
);

export const expectAnyAddressAnswered = async (
  operation: Operation,
  { path: plain, body }: Call,
  ask: Ask,
  judge: Judge,
): Promise<void> => {
  const parameters = (operation.description.parameters ?? []).filter(
    ({ in: of }) => of === 'query',
  );
  const isRead = operation.method === 'GET';
  const inPath = operation.path.includes('{');
  await fc.assert(
    fc.asyncProperty(odd, parameterValues, fc.nat(), async (one, two, which) => {
      const name = parameters[which % (parameters.length + 1)]?.name;
      const path = inPath
        ? operation.path.replaceAll(/\{\w+\}/g, one === '' || /^\.+$/.test(one) ? 'x' : one)
        : plain;
      const answer = await ask(path + (name === undefined ? '' : `?${name}=${two}`), { body });
      expect(answer.status, path).toBeLessThan(500);
      if (answer.status !== 404) expect(judge.faultOf(operation, answer), path).toBe(null);
      // Whatever stands there is nobody's id.
      if (!isRead) expect(answer.status, path).toBeGreaterThanOrEqual(400);
    }),
    { numRuns: (isRead ? 6 : 2) * (full ? 4 : 1) },
  );
};

const conditions = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }).map((text) => `"${text}"`),
  fc.constantFrom('', '""', 'W/"', '"a.b', '"a", "b"', '**', `"${'x'.repeat(5_000)}"`, '"\u00ff"'),
);

/** Nobody has seen such a version: nothing is changed by it. */
export const expectAnyConditionRefused = async (
  operation: Operation,
  { body }: Call,
  ask: (request: Request) => Promise<Answer>,
): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(conditions, async (condition) => {
      const { status } = await ask({ body, headers: { 'if-match': condition } });
      const told = [operation.key, condition];
      // A refusal for what else is wrong may come first.
      if (condition.trim() === '') expect(status).toBeLessThan(500);
      else expect([...told, status >= 400 && status < 500]).toEqual([...told, true]);
    }),
    { numRuns: 3 },
  );
};

/** Whatever stands where a credential is looked for, nobody is let in by it. */
export const expectAnyCredentialRefused = async (
  ask: (headers: Record<string, string>) => Promise<Answer>,
): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('authorization', 'x-api-key', 'x-tenant-id', 'cookie'),
      fc.oneof(fc.base64String(), fc.uuid(), fc.string({ unit: 'grapheme-ascii' })),
      fc.constantFrom('', 'Bearer ', 'Basic ', 'sb_session=', 'sbk_'),
      async (name, value, prefix) => {
        expect((await ask({ [name]: prefix + value })).status).toBe(401);
      },
    ),
  );
};
