/**
 * The API's description as a page for people: rendered here, one file, no script and nothing from
 * elsewhere. Everything that comes from the document is escaped.
 */
import { html, raw } from 'hono/html';
import type { OpenApiDocument, OpenApiOperation } from './openapi.ts';

type Html = ReturnType<typeof html>;

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
details { margin: .5rem 0; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); border-radius: .5rem; padding: .25rem .75rem; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; border-radius: .5rem; background: color-mix(in srgb, currentColor 7%, transparent); }
.method { display: inline-block; min-width: 4rem; font-weight: 700; text-transform: uppercase; }
table { border-collapse: collapse; } td, th { text-align: start; padding: .15rem 1rem .15rem 0; vertical-align: top; }`;

const schemaBlock = (content: Record<string, { schema?: unknown }> | undefined): Html =>
  html`${Object.entries(content ?? {}).map(
    ([type, { schema }]) =>
      html`<p><code>${type}</code></p><pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre>`,
  )}`;

const parameterTable = (operation: OpenApiOperation): Html | '' =>
  operation.parameters === undefined || operation.parameters.length === 0
    ? ''
    : html`<h4>Parameters</h4><table><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Value</th></tr>
${operation.parameters.map(
  (
    parameter,
  ) => html`<tr><td><code>${parameter.name}</code>${parameter.required === true ? '' : ' (optional)'}</td>
<td>${parameter.in}</td><td><code>${JSON.stringify(parameter.schema)}</code></td></tr>`,
)}</table>`;

const operationBlock = (path: string, method: string, operation: OpenApiOperation): Html =>
  html`<details><summary><span class="method">${method}</span> <code>${path}</code> ${operation.summary ?? ''}</summary>
${operation.description === undefined ? '' : html`<p>${operation.description}</p>`}
${parameterTable(operation)}
${operation.requestBody === undefined ? '' : html`<h4>Body</h4>${schemaBlock(operation.requestBody.content)}`}
${Object.entries(operation.responses ?? {}).map(
  ([status, response]) =>
    html`<h4>${status} ${response.description ?? ''}</h4>${schemaBlock(response.content)}`,
)}</details>`;

type Entry = { path: string; method: string; operation: OpenApiOperation };

const byTag = (document: OpenApiDocument): Map<string, Entry[]> => {
  const groups = new Map<string, Entry[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'Other';
      groups.set(tag, [...(groups.get(tag) ?? []), { path, method, operation }]);
    }
  }
  return groups;
};

export const docsPage = (document: OpenApiDocument): Html =>
  html`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${document.info.title}: API</title>
<style>${raw(style)}</style></head><body>
<main><h1>${document.info.title}: API</h1><p>${document.info.description ?? ''}
For programs: <a href="/openapi.json">/openapi.json</a>.</p>
<p>Errors are <code>application/problem+json</code> with a stable <code>code</code> and, where somebody can do something, what to do <code>next</code>.</p>
${[...byTag(document)].map(
  ([tag, entries]) => html`<section><h2>${tag}</h2>
${entries.map(({ path, method, operation }) => operationBlock(path, method, operation))}</section>`,
)}
<h2>Shapes</h2>
${Object.entries(document.components?.['schemas'] ?? {}).map(
  ([name, schema]) =>
    html`<details><summary><code>${name}</code></summary><pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre></details>`,
)}</main></body></html>`;
