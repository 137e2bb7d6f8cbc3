/**
 * The small schemas every message is made of, and the one way to read JSON from outside:
 * size first, then syntax, then shape. Unknown fields are refused unless a schema says otherwise.
 */
import { z } from 'zod';

export const uuid = z.uuid();
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must look like sha256:<64 hex>');
/** Milliseconds since 1970, within JavaScript's exact integers. */
export const timestampMs = z.int().min(0).max(8_640_000_000_000_000);
export const sequence = z.int().min(0);
export const epoch = z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits');
export const chainHash = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits');
/** A token of a NATS subject; also what people call a site. */
export const siteName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'lower-case letters, digits and inner dashes, at most 63',
  )
  .refine((name) => name !== 'tenant', 'tenant is the name of what all sites share');
export const base64 = z.base64();

/** Needs no flag `u`: API descriptions carry the pattern, and never its flags. */
const lineOfText = new RegExp(
  `^[^${String.raw`\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069`}]*$`,
);

/**
 * One line of text for people, such as a device's name. Control characters and those that turn
 * the reading direction are refused: they break terminals and make one name look like another.
 */
export const plainText = (lengthMax: number) =>
  z
    .string()
    .trim()
    .max(lengthMax)
    .regex(lineOfText, 'must not contain control characters')
    .refine((text) => text.isWellFormed(), 'must not contain half a character');

/** What a process is given: any text, of several lines too. A NUL would end it, and no database keeps one. */
export const processText = (lengthMax: number) =>
  z
    .string()
    .max(lengthMax)
    .refine((text) => !text.includes('\0'), 'must not contain NUL')
    .refine((text) => text.isWellFormed(), 'must not contain half a character');

export type Parsed<T> = { kind: 'parsed'; value: T } | { kind: 'refused'; reason: string };

/** Reads JSON from outside; says in words why it refused. `bytesMax` is checked before parsing. */
export const parseJson = <T>(
  bytes: Uint8Array | string,
  schema: z.ZodType<T>,
  bytesMax: number,
): Parsed<T> => {
  const sizeBytes = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
  if (sizeBytes > bytesMax) {
    return { kind: 'refused', reason: `${sizeBytes} bytes, more than the ${bytesMax} allowed` };
  }
  let json: unknown;
  try {
    json = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
  } catch {
    return { kind: 'refused', reason: 'not JSON' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'parsed', value: parsed.data };
  return { kind: 'refused', reason: describeIssues(parsed.error.issues) };
};

/** The first few problems as one sentence: `containers.0.image: must be by digest`. */
export const describeIssues = (
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): string =>
  issues
    .slice(0, 5)
    .map((issue) => `${issue.path.map(String).join('.') || 'value'}: ${issue.message}`)
    .join('; ');
