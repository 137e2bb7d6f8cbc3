/**
 * Makes the typed client's generated files from the API's document. `./signalbeam generate` writes them;
 * a test holds what is committed to what is made.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenApiDocument, OpenApiOperation } from '@signalbeam/platform/http/openapi';
import openapiTypes, { astToString } from 'openapi-typescript';
import { apiDocument } from './api-document.ts';

const folder = join(import.meta.dirname, 'client');
const command = './signalbeam generate';

const refused = {
  description: 'Refused, or failed; docs/errors.md lists the codes',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** Every operation may refuse, and says so in the one form: described once in the whole file. */
const withOneProblem = (operation: OpenApiOperation): object => ({
  ...operation,
  responses: {
    ...Object.fromEntries(
      Object.entries(operation.responses ?? {}).filter(([status]) => Number(status) < 300),
    ),
    default: { $ref: '#/components/responses/Refused' },
  },
});

const mapOperations = <T>(
  { paths }: OpenApiDocument,
  map: (operation: OpenApiOperation, key: string) => T,
): Record<string, Record<string, T>> =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          map(operation, `${method} ${path}`),
        ]),
      ),
    ]),
  );

/** Examples are for readers of the document; as comments in types they are a fifth of the file. */
const withoutExamples = (key: string, value: unknown): unknown =>
  key === 'example' ? undefined : value;

/** What an operation does not have, and that an answer has headers. */
const saysNothing =
  /\n *(?:(?:query|header|path|cookie|requestBody)\?: never;|headers: \{\n *\[name: string\]: unknown;\n *\};)/g;

/** What is left of a path's own parameters, which none has. */
const noParameters = /^ {4}parameters: \{\n {4}\};\n/gm;

const typesOf = async (document: OpenApiDocument): Promise<string> => {
  const simpler = {
    ...document,
    components: { ...document.components, responses: { Refused: refused } },
    paths: mapOperations(document, withOneProblem),
  };
  const text = JSON.stringify(simpler, withoutExamples);
  const types = await openapiTypes(text, { defaultNonNullable: false });
  const narrower = astToString(types)
    .replace(/^ +/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(saysNothing, '')
    .replace(noParameters, '');
  return `/**
 * The types of the API, made from its OpenAPI document by \`${command}\`: don't edit them.
 */
${narrower}`;
};

const takesKey = ({ parameters = [] }: OpenApiOperation): boolean =>
  parameters.some((each) => each.in === 'header' && /^idempotency-key$/i.test(each.name));

const idempotentOf = (document: OpenApiDocument): string => {
  const keys: string[] = [];
  mapOperations(document, (operation, key) => {
    if (takesKey(operation)) keys.push(key);
  });
  const entries = keys.map((key) => `  '${key}',\n`).join('');
  return `/**
 * The operations that take an Idempotency-Key, made from the API's OpenAPI document by
 * \`${command}\`: don't edit them.
 */
export const idempotentOperations: ReadonlySet<string> = new Set<string>([${entries === '' ? '' : `\n${entries}`}]);
`;
};

/** File names below `client/` and what belongs into them. */
export const generateClient = async (): Promise<Record<string, string>> => {
  const document = apiDocument();
  return { 'api.ts': await typesOf(document), 'idempotent.ts': idempotentOf(document) };
};

if (import.meta.main) {
  for (const [name, text] of Object.entries(await generateClient())) {
    writeFileSync(join(folder, name), text);
  }
}
