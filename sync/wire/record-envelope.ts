/**
 * Signed records as bytes. One way to seal and one to open each kind, and the rule by which old and
 * new programs live together:
 *
 * A payload carries `schema` (what it was written by) and `readableFrom` (the oldest schema whose
 * readers may act on it); both absent means 1. A reader of schema R
 *  - holds records of up to R to the letter: an unknown field is refused;
 *  - of a newer record with `readableFrom` ≤ R it drops what it does not know, and acts on the rest;
 *  - of a newer record with `readableFrom` > R it refuses to act (`newer-schema`), because it would
 *    miss what it must not, and goes on with what it has.
 * In every case the exact bytes are what is stored and relayed, so nothing is lost on the way.
 * A writer raises `readableFrom` only when an old reader that ignores the news would do wrong.
 */
import { z } from 'zod';
import { type Expected, type Opened, sealEnvelope, verifyEnvelope } from './dsse.ts';
import type { Signer } from './keys.ts';
import { describeIssues, parseJson } from './shape.ts';

/**
 * What this program writes and fully understands. 2: a revocation says how a device was removed and
 * what it shall wipe; who does not know that goes on taking it for revoked, which is right. 3: a slot
 * of a desired state may name the windows in which it may take over; who does not know them would
 * start outside, so those states, and only those, are not for older readers; and a revocation names
 * grants that were taken back. 4: a slot may bring the secrets that its containers name; who does not
 * know them would start without.
 */
export const recordSchemaVersion = 4;
const readableFrom = 1;

const marks = z.looseObject({
  schema: z.int().min(1).default(1),
  readableFrom: z.int().min(1).default(1),
});

export type OpenedRecord<T> = Opened<T> | NewerRecord;

/** Verified, but not to be acted on; what is needed to carry it on to those who can. */
export type NewerRecord = {
  kind: 'refused';
  code: 'newer-schema';
  reason: string;
  tenantId: string;
  site: string | null;
  deviceId: string | null;
  version: number;
};

export const sealRecord = (
  payloadType: string,
  value: object,
  signers: readonly Signer[],
): Uint8Array =>
  sealEnvelope(payloadType, { ...value, schema: recordSchemaVersion, readableFrom }, signers);

/** Of every schema there will be: whose a record is, and its version (a desired state's generation). */
const name = z.string().max(64).nullable().catch(null).default(null);
const count = z.int().min(0).nullable().catch(null).default(null);
const carried = z
  .object({
    tenantId: z.string().max(64).catch('').default(''),
    site: name,
    deviceId: name,
    version: count,
    generation: count,
  })
  .transform(({ version, generation, ...whose }) => ({
    ...whose,
    version: version ?? generation ?? 0,
  }));

type Json = Record<string, unknown>;

const without = (value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void => {
  let at = value as Json;
  for (const step of path) at = at[step as string] as Json;
  for (const key of keys) delete at[key];
};

/** The part of a newer record that this program knows. Removing fields may uncover deeper ones. */
const knownPart = <T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> => {
  const copy = structuredClone(value);
  for (let depth = 0; ; depth += 1) {
    const parsed = schema.safeParse(copy);
    if (parsed.success || depth === 4) return parsed;
    const unknown = parsed.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
    if (unknown.length === 0) return parsed;
    for (const issue of unknown) without(copy, issue.path, issue.keys);
  }
};

/** Verifies, then parses by the rule above. `reader` is this program's schema; tests pass others. */
export const openRecord = <T>(
  bytes: Uint8Array | string,
  expected: Expected & { schema: z.ZodType<T> },
  reader: number = recordSchemaVersion,
): OpenedRecord<T> => {
  const verified = verifyEnvelope(bytes, expected);
  if (verified.kind === 'refused') return verified;
  const marked = parseJson(verified.payload, marks, expected.bytesMax);
  if (marked.kind === 'refused') {
    return { kind: 'refused', code: 'bad-payload', reason: marked.reason };
  }
  const { schema: writer, readableFrom, ...value } = marked.value;
  if (readableFrom > reader) {
    const reason = `it needs a program that knows schema ${readableFrom}; this one knows ${reader}`;
    return { kind: 'refused', code: 'newer-schema', reason, ...carried.parse(value) };
  }
  const parsed =
    writer > reader ? knownPart(expected.schema, value) : expected.schema.safeParse(value);
  if (!parsed.success) {
    const reason = describeIssues(parsed.error.issues);
    return { kind: 'refused', code: 'bad-payload', reason };
  }
  return { kind: 'opened', value: parsed.data, keyIds: verified.keyIds };
};
