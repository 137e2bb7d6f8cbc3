/**
 * What every operation does alike, checked on each by its description: a read is known again by its
 * tag, a POST is not carried out twice with one key, a conditional write minds its condition.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Call } from './calls.suite.ts';
import type { Answer, Operation } from './document.suite.ts';
import type { Request } from './two-tenants.suite.ts';

type Ask = (headers: Record<string, string>) => Promise<Answer>;
type Rows = () => Promise<Record<string, string>>;

/** Reads that are about now: asked again they say something else, or sign it at another second. */
const aboutNow = [
  'get /api/devices/{id}/presence',
  'get /api/devices/{id}/metrics',
  'get /api/telemetry/metrics',
  'get /api/telemetry/percentiles',
  'get /api/devices/{id}/enrolment',
  'get /api/audit/verification',
];

/**
 * Nothing that was read is edited there: one text or value, set whole with who and when. The last word
 * counts, and the audit log tells of the one before.
 */
const lastWordCounts = [
  'put /api/bundles/{id}/deprecation',
  'put /api/bundles/{id}/versions/{version}/deprecation',
  'put /api/secrets/{id}',
];

/** Of repeating a request until nothing else moved meanwhile. */
const turnsMax = 3;

const headersOf = ({ description }: Operation): string[] =>
  (description.parameters ?? []).flatMap((one) => (one.in === 'header' ? [one.name] : []));

export const mindsVersions = (operation: Operation): boolean =>
  headersOf(operation).includes('If-Match');

export const expectMannersDescribed = (operation: Operation, isOpen: boolean): void => {
  const { key, method, description } = operation;
  expect(Object.keys(description.responses ?? {}), key).toContain('429');
  const isUpload =
    key === 'post /api/artifacts' || key === 'put /api/artifacts/upload-parts/{id}/{index}';
  // Two people may have the same thing before them: none is overwritten unseen.
  if (['PUT', 'PATCH'].includes(method) && !isUpload && !lastWordCounts.includes(key)) {
    expect(headersOf(operation), key).toContain('If-Match');
  }
  const answersJson = description.responses?.['200']?.content?.['application/json'] !== undefined;
  if (method === 'GET' && answersJson) expect(headersOf(operation), key).toContain('If-None-Match');
  if (method === 'POST' && !isOpen && !isUpload) {
    expect(headersOf(operation), key).toContain('Idempotency-Key');
  }
};

/** The headers to call an operation rightly with; that another's version is refused is seen first. */
export const conditionsOf = async (
  operation: Operation,
  ask: Ask,
  rowsNow: Rows,
): Promise<Record<string, string>> => {
  const { key } = operation;
  const takes = headersOf(operation);
  if (takes.includes('Idempotency-Key')) return { 'idempotency-key': key.replaceAll(' ', '-') };
  if (!takes.includes('If-Match')) return {};
  const before = await rowsNow();
  const { status, text } = await ask({ 'if-match': '"of-another.one"' });
  expect([key, status, JSON.parse(text).code]).toEqual([key, 412, 'version-changed']);
  expect(await rowsNow()).toEqual(before);
  return { 'if-match': '*' };
};

export const expectRepeatsAnswered = async (
  operation: Operation,
  first: Answer,
  ask: Ask,
  now: { rows: Rows; newestAudit: () => Promise<number> },
): Promise<void> => {
  const { key, method } = operation;
  if (method === 'GET' && first.type === 'application/json' && !aboutNow.includes(key)) {
    const again = await ask({ 'if-none-match': first.headers.get('etag') ?? '' });
    expect([key, again.status]).toEqual([key, 304]);
  }
  if (!headersOf(operation).includes('Idempotency-Key')) return;
  for (let turn = 1; ; turn += 1) {
    const [before, told] = [await now.rows(), await now.newestAudit()];
    const again = await ask({});
    const replayed = again.headers.get('idempotency-replayed');
    const said = [key, replayed, again.status, again.text];
    expect(said).toEqual([key, 'true', first.status, first.text]);
    // What a request changes it tells, and loops tell under no request: this one is exact.
    expect([key, await now.newestAudit()]).toEqual([key, told]);
    const after = await now.rows();
    // A loop may come to what the first request left to do; what a repetition does, each would do.
    if (turn < turnsMax && !isDeepStrictEqual(after, before)) continue;
    expect(after, key).toEqual(before);
    return;
  }
};

const headerNames = [
  ...['idempotency-key', 'if-match', 'if-none-match', 'traceparent', 'x-request-id'],
  ...['x-forwarded-for', 'x-forwarded-host', 'last-event-id', 'accept', 'range'],
];

const headerValues = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 400 }),
  fc.constantFrom('*', '""', '"a.b', 'W/"', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, '..;/'),
  fc.constantFrom("'; DROP TABLE platform.idempotency_keys; --", '=cmd|calc', '%00', '<b>'),
);

const asked = ['get /api/groups/{id}', 'patch /api/groups/{id}', 'post /api/groups'];

/** Whatever stands in a header that we read: an answer that the document promises, never a failure. */
export const expectHeadersHarmless = async (
  operations: readonly Operation[],
  callOf: (operation: Operation) => Call,
  token: string,
  ask: (operation: Operation, path: string, request: Request) => Promise<Answer>,
): Promise<void> => {
  for (const operation of operations.filter(({ key }) => asked.includes(key))) {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...headerNames), headerValues, async (name, value) => {
        const { path, body } = callOf(operation);
        const { status } = await ask(operation, path, { token, body, headers: { [name]: value } });
        expect([name, value, status < 500]).toEqual([name, value, true]);
      }),
      { numRuns: 40 },
    );
  }
};
