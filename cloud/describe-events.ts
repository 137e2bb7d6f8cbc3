/**
 * docs/events.md as the catalogue of domain events says it: every type with its subject, its fields
 * and an example. Written by `signalbeam generate`; a test holds what is committed to what is made.
 */
import { tableOf } from '@signalbeam/bundle-orchestrator/core/rollout-tables';
import { changes, families } from '@signalbeam/platform/events/catalogue';
import type { EventDefinition } from '@signalbeam/platform/events/define';
import { z } from 'zod';

/** As much of JSON Schema as zod makes of what the catalogue uses. */
type Shape = {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  maxLength?: number;
  items?: Shape;
  anyOf?: Shape[];
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: Shape | boolean;
};

const wordOf = (shape: Shape): string => {
  if (shape.anyOf !== undefined) return shape.anyOf.map(wordOf).join(' or ');
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(', ');
  if (shape.type === 'array') return `list of ${wordOf(shape.items ?? {})}`;
  if (shape.type === 'object') {
    if (shape.properties === undefined) return 'names with values';
    const fields = Object.keys(shape.properties).map((name) =>
      shape.required?.includes(name) ? name : `${name}?`,
    );
    return `{ ${fields.join(', ')} }`;
  }
  if (shape.format === 'uuid') return 'UUID';
  if (shape.format === 'date-time') return 'time';
  if (shape.type === 'string' && shape.maxLength !== undefined) return `text ≤ ${shape.maxLength}`;
  return (
    { string: 'text', integer: 'whole number' }[String(shape.type)] ?? String(shape.type ?? 'any')
  );
};

const fieldsOf = ({ data }: EventDefinition): string => {
  const shape = z.toJSONSchema(data, { io: 'input', unrepresentable: 'any' }) as Shape;
  return Object.entries(shape.properties ?? {})
    .map(([name, field]) => {
      const may = shape.required?.includes(name) ? '' : ' (may be left out)';
      return `\`${name}\`${may}: ${wordOf(field)}`;
    })
    .join(' · ');
};

/** Lists of words stand in one line, as the formatter of this repository writes them. */
const exampleOf = ({ example }: EventDefinition): string => {
  const lists = /\[\n\s+("[^"]*"(?:,\n\s+"[^"]*")*)\n\s+\]/g;
  const text = JSON.stringify(example, null, 2).replaceAll(
    lists,
    (_, words: string) => `[${words.split(/,\n\s+/).join(', ')}]`,
  );
  return `\`\`\`json\n${text}\n\`\`\``;
};

/** `like`: the first type with the same fields. */
const describe = (type: string, definition: EventDefinition, like: string): string =>
  [
    `### \`${type}\``,
    `${definition.says} Version ${definition.version}, under \`${definition.subject}\`.`,
    ...(like === type
      ? [fieldsOf(definition), exampleOf(definition)]
      : [`Its data is as that of \`${like}\`.`]),
  ].join('\n\n');

const describeAll = (events: Record<string, EventDefinition>): string[] => {
  const firsts = new Map<EventDefinition['data'], string>();
  return Object.entries(events).map(([type, definition]) => {
    const like = firsts.get(definition.data) ?? type;
    firsts.set(definition.data, like);
    return describe(type, definition, like);
  });
};

const describeChanges = (): string => {
  const [first] = Object.values(changes);
  if (first === undefined) throw new Error('there are no changes to tell of');
  const rows = Object.entries(changes).map(([type, { subject, version, says }]) => [
    ...[`\`${type}\``, String(version), `\`${subject}\``, says],
  ]);
  return [
    '## People, groups, sites, tokens, keys, rules, channels and secrets',
    'These say who (`actor`) changed which (`id`), and no more: whoever hears of one asks the API.',
    tableOf([['type', 'version', 'subject', 'when'], ...rows]),
    fieldsOf(first),
    exampleOf(first),
  ].join('\n\n');
};

const place = /(<!-- events -->\n\n)[\s\S]*?(\n\n<!-- \/events -->)/;

/** The page with its events as the catalogue has them; throws when it has no place for them. */
export const withEvents = (page: string): string => {
  if (!place.test(page)) throw new Error('the page has no place for the events');
  const chapters = families.map(({ title, events }) =>
    [`## ${title}`, ...describeAll(events)].join('\n\n'),
  );
  const text = [...chapters, describeChanges()].join('\n\n');
  return page.replace(place, (_, begin: string, end: string) => `${begin}${text}${end}`);
};
