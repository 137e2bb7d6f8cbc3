/** The rules of alerts: what is watched, from which value on, for how long, and how loud. */
import { Readable } from 'node:stream';
import type { Client, Schemas } from '@signalbeam/client';
import { command, type Values } from '../command.ts';
import { durationMs } from '../core/words.ts';
import { notFound, UsageError } from '../exit.ts';
import { findGroup } from './find.ts';

type Rule = Schemas['AlertRule'];
const ruleWord = { name: 'RULE', about: "a rule's name or id" };
const severities = ['info', 'warning', 'critical'] as const;

const fieldFlags = {
  severity: { type: 'string', value: 'SEVERITY', about: 'how loud', choices: severities },
  threshold: {
    type: 'string',
    value: 'N',
    about: 'bad from this value on; a battery at it or below',
  },
  clear: { type: 'string', value: 'N', about: 'well again below this value; a battery above it' },
  for: { type: 'string', value: 'TIME', about: 'how long it must be bad: 90s, 10m, 2h' },
  'clear-for': { type: 'string', value: 'TIME', about: 'how long it must be well to resolve' },
  escalate: {
    type: 'string',
    value: 'TIME',
    about: 'critical after this unless acknowledged; never: not at all',
  },
} as const;

const numberOf = (text: string, flag: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`--${flag} is a number, not \`${text}\`.`);
};
const secondsOf = (text: string, flag: string): number => {
  const ms = text === '0' ? 0 : durationMs(text);
  if (ms === null) throw new UsageError(`--${flag} is a time such as 90s, 10m or 2h.`);
  return ms / 1_000;
};

const fieldsOf = (values: Values<typeof fieldFlags>) => {
  const { severity, threshold, clear, for: lasting, 'clear-for': clearFor, escalate } = values;
  return {
    ...(severity === undefined ? {} : { severity: severity as Rule['severity'] }),
    ...(threshold === undefined ? {} : { threshold: numberOf(threshold, 'threshold') }),
    ...(clear === undefined ? {} : { clearThreshold: numberOf(clear, 'clear') }),
    ...(lasting === undefined ? {} : { forSeconds: secondsOf(lasting, 'for') }),
    ...(clearFor === undefined ? {} : { clearSeconds: secondsOf(clearFor, 'clear-for') }),
    ...(escalate === undefined
      ? {}
      : {
          escalateAfterSeconds: escalate === 'never' ? null : secondsOf(escalate, 'escalate'),
        }),
  };
};

const rulesOf = async (client: Client): Promise<Rule[]> =>
  (await client.get('/api/alert-rules')).rules;

const findRule = async (client: Client, word: string): Promise<Rule> => {
  const lower = word.toLowerCase();
  const rules = await rulesOf(client);
  const found =
    rules.find(({ id }) => id === word) ?? rules.find(({ name }) => name.toLowerCase() === lower);
  if (found === undefined) throw notFound(`There is no rule ${word}.`);
  return found;
};

const whomOf = ({ site, groupId, groupName, query }: Rule): string => {
  if (groupId !== null) return `group ${groupName ?? groupId}`;
  return query ?? (site === null ? '' : `site ${site}`);
};

/** Whom it is for; given one, it is for nobody else any more. */
const scopeFlags = {
  site: { type: 'string', value: 'SITE', about: 'for devices at this site' },
  group: { type: 'string', value: 'GROUP', about: 'for devices in this group, before any other' },
  query: { type: 'string', value: 'QUERY', about: 'for devices that answer it, before a site' },
} as const;
const scopeOf = async (client: Client, values: Values<typeof scopeFlags>) => {
  const { site, group, query } = values;
  if ([site, group, query].filter((each) => each !== undefined).length > 1) {
    throw new UsageError('A rule is for a --site, a --group or a --query: one of them.');
  }
  if (site !== undefined) return { site, groupId: null, query: null };
  if (query !== undefined) return { site: null, groupId: null, query };
  if (group === undefined) return {};
  return { site: null, groupId: (await findGroup(client, group)).id, query: null };
};

const list = command({
  name: 'alert-rules list',
  summary: 'List the rules of alerts, with what each does',
  examples: ['alert-rules list', 'alert-rules list --json'],
  run: async ({ client, output }) => {
    await output.list<Rule>(
      [
        { title: 'ID', of: ({ id }) => id, whole: true },
        { title: 'NAME', of: ({ name }) => name },
        { title: 'FOR', of: whomOf },
        { title: 'CHANGED', of: ({ builtIn, changed }) => (builtIn && changed ? 'yes' : '') },
        { title: 'WHAT IT DOES', of: ({ consequence }) => consequence },
      ],
      Readable.from([await rulesOf(client())]),
      'There are no rules.',
    );
  },
});

const edit = command({
  name: 'alert-rules edit',
  summary: 'Change a rule, or turn it off and on; open alerts stay as they were raised',
  words: [ruleWord],
  flags: {
    name: { type: 'string', value: 'NAME', about: 'its new name' },
    on: { type: 'boolean', about: 'it watches' },
    off: { type: 'boolean', about: 'it does not; its open alerts resolve' },
    ...scopeFlags,
    ...fieldFlags,
  },
  examples: [
    'alert-rules edit high-cpu --threshold 95 --clear 90 --for 15m',
    'alert-rules edit device-offline --escalate never',
  ],
  run: async ({ client, output }, [word = ''], values) => {
    const { name, on, off } = values;
    if (on === true && off === true) throw new UsageError('Say --on or --off.');
    const { id } = await findRule(client(), word);
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(on === true || off === true ? { enabled: on === true } : {}),
      ...(await scopeOf(client(), values)),
      ...fieldsOf(values),
    };
    const rule = await client().patch('/api/alert-rules/{id}', { params: { path: { id } }, body });
    output.one(rule, [['', rule.consequence]]);
  },
});

const create = command({
  name: 'alert-rules create',
  summary: 'Make a rule for some devices; what is not said is as in the built-in rule of its type',
  words: [
    { name: 'TYPE', about: 'such as low-disk' },
    { name: 'NAME', about: 'what people call it' },
  ],
  flags: {
    ...scopeFlags,
    ...fieldFlags,
  },
  examples: [
    "alert-rules create low-disk 'Disks of plant 7' --site plant-7 --threshold 80 --clear 75",
    "alert-rules create high-cpu 'Canaries' --query 'ring=canary' --threshold 70 --clear 65",
  ],
  run: async ({ client, output }, [type = '', name = ''], values) => {
    const body = {
      ...{ type: type as Rule['type'], name },
      ...(await scopeOf(client(), values)),
      ...fieldsOf(values),
    };
    const rule = await client().post('/api/alert-rules', { body });
    output.one(rule, [['', rule.consequence]]);
  },
});

const reset = command({
  name: 'alert-rules reset',
  summary: 'Set a rule back to the built-in one of its type',
  words: [ruleWord],
  examples: ['alert-rules reset high-cpu'],
  run: async ({ client, output }, [word = '']) => {
    const { id } = await findRule(client(), word);
    const params = { path: { id } };
    const rule = await client().post('/api/alert-rules/{id}/reset', { params });
    output.one(rule, [['', rule.consequence]]);
  },
});

const remove = command({
  name: 'alert-rules delete',
  summary: 'Delete a rule of your own; its open alerts resolve',
  words: [ruleWord],
  flags: { yes: { type: 'boolean', about: "don't ask" } },
  examples: ["alert-rules delete 'Disks of plant 7'"],
  run: async ({ client, output, confirm }, [word = ''], values) => {
    const { id, name } = await findRule(client(), word);
    await confirm(`This deletes the rule ${name}; its open alerts resolve.`, values.yes);
    await client().delete('/api/alert-rules/{id}', { params: { path: { id } } });
    output.say(`The rule ${name} is deleted.`);
  },
});

export const alertRuleCommands = [list, edit, create, reset, remove];
