/**
 * Makes the typed client's generated files from the API's document. `./signalbeam generate` writes them;
 * a test holds what is committed to what is made.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenApiDocument, OpenApiOperation } from '@signalbeam/platform/http/openapi';
import { serviceOf } from '@signalbeam/platform/http/paths';
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

const describedTypes = async (document: OpenApiDocument): Promise<string> => {
  const simpler = {
    ...document,
    components: { ...document.components, responses: { Refused: refused } },
    paths: mapOperations(document, withOneProblem),
  };
  const text = JSON.stringify(simpler, withoutExamples);
  const types = await openapiTypes(text, { defaultNonNullable: false });
  return astToString(types)
    .replace(/^ +/gm, (indent) => ' '.repeat(indent.length / 2))
    .replace(saysNothing, '')
    .replace(noParameters, '');
};

/** device-manager's paths are half of all: who may do what is kept apart from the devices. */
const ofIdentity =
  /^\/api\/(auth|users|service-accounts|identity-provider|audit|quotas|keys)(\/|$)/;

const partOf = (path: string): string => {
  const owner = serviceOf(path);
  if (owner === 'bundle-orchestrator') return 'bundles';
  if (owner === 'telemetry-processor') return 'telemetry';
  return ofIdentity.test(path) ? 'identity' : 'devices';
};

const eachPath = /^ {2}"([^"]+)": \{\n[\s\S]*?^ {2}\};\n/gm;

/** What each part's paths are, as they stand in the one interface of all. */
const partsOf = (types: string): Map<string, string> => {
  const parts = new Map<string, string>();
  for (const [text, path = ''] of types.matchAll(eachPath)) {
    parts.set(partOf(path), `${parts.get(partOf(path)) ?? ''}${text}`);
  }
  return new Map([...parts].sort(([left], [right]) => (left < right ? -1 : 1)));
};

const fileOf = (head: string, text: string): string =>
  `/**\n * ${head}, made from the API's OpenAPI document by\n * \`${command}\`: don't edit them.\n */\n${text}`;

const nameOf = (part: string): string => `${part[0]?.toUpperCase()}${part.slice(1)}Paths`;

const indexOf = (parts: readonly string[]): string => {
  const imports = parts.map(
    (part) => `import type { paths as ${nameOf(part)} } from './api/${part}.ts';\n`,
  );
  return `${imports.join('')}
export type { components } from './api/schemas.ts';
export interface paths extends ${parts.map(nameOf).join(', ')} {}
`;
};

/** One file for all would be too large to read or to keep: a file a service, and one over them. */
const typesOf = async (document: OpenApiDocument): Promise<Record<string, string>> => {
  const types = await describedTypes(document);
  const schemas = /^export interface components \{\n[\s\S]*?^\}\n/m.exec(types)?.[0] ?? '';
  const parts = partsOf(types);
  const found = [...types.matchAll(eachPath)].length;
  const wanted = Object.keys(document.paths).length;
  if (schemas === '' || found !== wanted) {
    throw new Error(`openapi-typescript writes otherwise: ${found} of ${wanted} paths recognized`);
  }
  const files = [...parts].map(([part, text]) => {
    const uses = "import type { components } from './schemas.ts';\n\n";
    const body = `${uses}export interface paths {\n${text}}\n`;
    return [`api/${part}.ts`, fileOf(`The types of the API: ${part}`, body)] as const;
  });
  return {
    ...Object.fromEntries(files),
    'api/schemas.ts': fileOf('What the API speaks of by name', schemas),
    'api.ts': fileOf('The types of the API', indexOf([...parts.keys()])),
  };
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
  return { ...(await typesOf(document)), 'idempotent.ts': idempotentOf(document) };
};

if (import.meta.main) {
  const files = await generateClient();
  rmSync(join(folder, 'api'), { recursive: true, force: true });
  mkdirSync(join(folder, 'api'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
  }
}
