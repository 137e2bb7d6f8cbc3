/**
 * Joins the descriptions of several services into one. Where two gave a schema the same name with
 * another content, the later one's is renamed, so that neither describes the other's data.
 */
export type OpenApiOperation = {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: unknown }[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: unknown }> };
  responses?: Record<
    string,
    { description?: string; content?: Record<string, { schema?: unknown }> }
  >;
};

export type OpenApiDocument = {
  openapi: string;
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, OpenApiOperation>>;
  components?: Record<string, Record<string, unknown>>;
};

const refTo = (name: string): string => `"#/components/schemas/${name}"`;

const renameClashes = (
  service: string,
  document: OpenApiDocument,
  taken: Record<string, unknown>,
): OpenApiDocument => {
  let text = JSON.stringify(document);
  const clashes = Object.entries(document.components?.['schemas'] ?? {}).filter(
    ([name, schema]) =>
      Object.hasOwn(taken, name) && JSON.stringify(taken[name]) !== JSON.stringify(schema),
  );
  for (const [name] of clashes) text = text.replaceAll(refTo(name), refTo(`${service}.${name}`));
  const renamed = JSON.parse(text) as OpenApiDocument;
  const schemas = renamed.components?.['schemas'] ?? {};
  for (const [name] of clashes) {
    schemas[`${service}.${name}`] = schemas[name];
    delete schemas[name];
  }
  return renamed;
};

const credentials = {
  user: { type: 'http', scheme: 'bearer', description: 'The token that signing in returns' },
  session: { type: 'apiKey', in: 'cookie', name: 'sb_session' },
  device: { type: 'http', scheme: 'bearer', description: "A device's own proof" },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  tenant: { type: 'apiKey', in: 'header', name: 'X-Tenant-Id', description: 'With X-API-Key' },
};

export const mergeDocuments = (
  documents: readonly (readonly [service: string, document: OpenApiDocument])[],
): OpenApiDocument => {
  const schemas: Record<string, unknown> = {};
  const paths: OpenApiDocument['paths'] = {};
  for (const [service, document] of documents) {
    const renamed = renameClashes(service, document, schemas);
    Object.assign(schemas, renamed.components?.['schemas']);
    for (const [path, operations] of Object.entries(renamed.paths ?? {})) {
      paths[path] = { ...paths[path], ...operations };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'SignalBeam Edge',
      version: '1',
      description: 'The tenant always comes from the credential, never from the request.',
    },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: { schemas, securitySchemes: credentials },
  };
};
