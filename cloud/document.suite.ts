/**
 * The OpenAPI document as a judge: lists its operations and says whether a response is one that it
 * promises (status, content type, body against the schema). Also makes bodies from its schemas,
 * right ones and broken ones. For system tests.
 */
import type { OpenApiDocument, OpenApiOperation } from '@signalbeam/platform/http/openapi';
import fc from 'fast-check';
import { z } from 'zod';

type Json = Parameters<typeof z.fromJSONSchema>[0];
type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
};

export type Operation = {
  /** `post /api/devices/{id}/approve` */
  key: string;
  method: string;
  path: string;
  description: OpenApiOperation;
  /** The schema of its JSON body, if it takes one. */
  body: Schema | null;
  example: unknown;
};

export type Judge = ReturnType<typeof createJudge>;

const jsonBody = ({ requestBody }: OpenApiOperation) =>
  requestBody?.content?.['application/json'] as { schema?: Schema; example?: unknown } | undefined;

export const createJudge = (document: OpenApiDocument) => {
  const definitions = (document.components?.['schemas'] ?? {}) as Record<string, Schema>;
  const compiled = new Map<unknown, z.ZodType>();
  const compile = (schema: unknown): z.ZodType => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const whole = JSON.stringify({ ...(schema as object), $defs: definitions });
    const made = z.fromJSONSchema(
      JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Json,
    );
    compiled.set(schema, made);
    return made;
  };
  const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, description]) => ({
      key: `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      description,
      body: jsonBody(description)?.schema ?? null,
      example: jsonBody(description)?.example,
    })),
  );
  return {
    operations,
    compile,
    resolve: (schema: Schema): Schema =>
      schema.$ref === undefined
        ? schema
        : (definitions[schema.$ref.split('/').at(-1) ?? ''] ?? schema),
    /** What is wrong with a response, or null. */
    faultOf: (operation: Operation, answer: Answer): string | null => {
      const promised = operation.description.responses?.[String(answer.status)];
      if (promised === undefined) return `${answer.status} is not documented`;
      const content = promised.content;
      if (content === undefined) {
        return answer.text === '' ? null : `${answer.status} should have no body`;
      }
      const { schema } = content[answer.type] ?? {};
      if (schema === undefined) return `${answer.status} as ${answer.type} is not documented`;
      if (!answer.type.endsWith('json')) return null;
      const checked = compile(schema).safeParse(JSON.parse(answer.text));
      return checked.success ? null : z.prettifyError(checked.error);
    },
  };
};

export type Answer = { status: number; type: string; text: string; headers: Headers };

/** Of a refusal: its code, and the paths of its faults. */
export const codeOf = ({ text }: Answer): string => JSON.parse(text).code;
export const pathsOf = ({ text }: Answer): string[] =>
  (JSON.parse(text).errors ?? []).map(({ path }: { path: string }) => path);

export const hostileText = fc.constantFrom(
  '\u0000',
  '\ud800',
  '\u202e',
  "'; DROP TABLE devices; --",
  '__proto__',
  '../../etc/passwd',
  'x'.repeat(20_000),
);

const anything = fc.oneof(fc.jsonValue(), hostileText, fc.constantFrom(-1, 1e308, 2 ** 53, 0.5));

const textOf = (schema: Schema): fc.Arbitrary<string> => {
  if (schema.format === 'uuid') return fc.uuid();
  if (schema.format === 'date-time') {
    return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  }
  const { minLength = 0, maxLength = 60 } = schema;
  const lengths = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) };
  if (schema.pattern === undefined) return fc.string(lengths);
  try {
    return fc.stringMatching(new RegExp(schema.pattern, 'u'));
  } catch {
    // A pattern that the generator can't follow: plain text, which most such patterns allow.
    return fc.string({ ...lengths, unit: 'grapheme-ascii' });
  }
};

/** Values that the schema allows (as far as it says). */
export const arbitraryOf = (given: Schema, judge: Judge): fc.Arbitrary<unknown> => {
  const schema = judge.resolve(given);
  const { anyOf, oneOf, type } = schema;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((one) => arbitraryOf(one, judge)));
  if (Array.isArray(type)) {
    return fc.oneof(...type.map((one) => arbitraryOf({ ...schema, type: one }, judge)));
  }
  switch (type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? -5,
        max: Math.min(schema.maximum ?? 1e6, 2 ** 31),
      });
    case 'number':
      return fc.double({ min: schema.minimum ?? -5, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const minLength = schema.minItems ?? 0;
      const maxLength = Math.max(minLength, Math.min(schema.maxItems ?? 3, 3));
      return fc.array(arbitraryOf(schema.items ?? {}, judge), { minLength, maxLength });
    }
    case 'object': {
      const fields = Object.entries(schema.properties ?? {});
      const arbitraries = Object.fromEntries(
        fields.map(([name, field]) => [name, arbitraryOf(field, judge)]),
      );
      return fc.record(arbitraries, { requiredKeys: schema.required ?? [] });
    }
    default:
      return fc.jsonValue();
  }
};

type Path = (string | number)[];

const pathsIn = (value: unknown, path: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([name, inner]) => pathsIn(inner, [...path, name]))]
    : [path];

const replaceAt = (value: unknown, [head, ...rest]: Path, by: unknown): unknown => {
  if (head === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[head] = replaceAt(copy[head], rest, by);
  return copy;
};

/** Values with one thing broken: something else in its place, or gone, or one field too many. */
export const brokenOf = (schema: Schema, judge: Judge): fc.Arbitrary<unknown> =>
  fc
    .tuple(arbitraryOf(schema, judge), fc.nat(), anything, fc.integer({ min: 0, max: 3 }))
    .map(([value, where, wrong, how]) => {
      if (how === 0) return wrong;
      if (how === 1) return { ...(value as object), colour: wrong };
      const paths = pathsIn(value);
      return replaceAt(value, paths[where % paths.length] ?? [], how === 2 ? undefined : wrong);
    });
