/** Groups: static ones whose members people choose, dynamic ones that a query finds. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Column } from '../core/table.ts';
import { counted } from '../core/words.ts';
import { changeDevices, choiceFlags } from './choose.ts';
import { findGroup } from './find.ts';
import { pageLimit, printList } from './listing.ts';

type Group = Schemas['Group'];
const groupWord = { name: 'GROUP', about: "a group's name or id" };
const describing = {
  description: { type: 'string', value: 'TEXT', about: 'what it is for' },
  query: { type: 'string', value: 'QUERY', about: 'whom a dynamic group has (docs/queries.md)' },
} as const;

const columns: readonly Column<Group>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'KIND', of: ({ kind }) => kind, whole: true },
  { title: 'MEMBERS', of: ({ members }) => (members === null ? '' : String(members)), whole: true },
  { title: 'QUERY', of: ({ query }) => query ?? '' },
  { title: 'DESCRIPTION', of: ({ description }) => description },
];
const lines = (group: Group) =>
  columns.map(({ title, of }) => {
    const cell = of(group);
    return [title.toLowerCase(), typeof cell === 'string' ? cell : cell.text] as const;
  });

const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;

const list = command({
  name: 'groups list',
  summary: 'List groups by name',
  flags: listFlags,
  examples: ['groups list', 'groups list --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    const pages = context.client().pages('/api/groups', { params });
    await printList(context, values, { columns, pages, none: 'There are no groups.' });
  },
});

const show = command({
  name: 'groups show',
  summary: 'Show one group, with how many devices are in it now',
  words: [groupWord],
  examples: ['groups show canaries'],
  run: async ({ client, output }, [word = '']) => {
    const { id } = await findGroup(client(), word);
    const group = await client().get('/api/groups/{id}', { params: { path: { id } } });
    output.one(group, [['id', group.id], ...lines(group)]);
  },
});

const members = command({
  name: 'groups members',
  summary: 'List the devices of a group, with how each came to be in it',
  words: [groupWord],
  flags: listFlags,
  examples: ['groups members canaries', 'groups members canaries --all --jsonl'],
  run: async (context, [word = ''], values) => {
    const client = context.client();
    const { id } = await findGroup(client, word);
    const params = { path: { id }, query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'NAME', of: ({ device }) => device.name },
        { title: 'SITE', of: ({ device }) => device.site },
        { title: 'BY', of: ({ origin }) => origin },
      ],
      pages: client.pages('/api/groups/{id}/members', { params }),
      none: 'There is nobody in it.',
    });
  },
});

const create = command({
  name: 'groups create',
  summary: 'Make a group: with a query a dynamic one, without one a static one',
  words: [{ name: 'NAME', about: 'what people call it' }],
  flags: describing,
  examples: ["groups create canaries --query 'ring=canary'", "groups create 'Night shift'"],
  run: async ({ client, output }, [name = ''], { description, query }) => {
    const body = { name, ...given({ description, query }) };
    const group = await client().post('/api/groups', { body });
    output.one(group, [
      ['', `The ${group.kind} group ${group.name} has ${counted(group.members ?? 0, 'member')}.`],
    ]);
  },
});

const edit = command({
  name: 'groups edit',
  summary: 'Change the name, the description or the query of a group',
  words: [groupWord],
  flags: { name: { type: 'string', value: 'NAME', about: 'its new name' }, ...describing },
  examples: ["groups edit canaries --query 'ring=canary AND NOT site=plant-7'"],
  run: async ({ client, output }, [word = ''], { name, description, query }) => {
    const { id } = await findGroup(client(), word);
    const body = given({ name, description, query });
    const group = await client().patch('/api/groups/{id}', { params: { path: { id } }, body });
    output.one(group, lines(group));
  },
});

const remove = command({
  name: 'groups delete',
  summary: 'Delete a group; its devices stay as they are',
  words: [groupWord],
  flags: { yes: { type: 'boolean', about: "don't ask" } },
  examples: ['groups delete canaries'],
  run: async ({ client, output, confirm }, [word = ''], values) => {
    const { id, name } = await findGroup(client(), word);
    await confirm(`This deletes the group ${name}, which can't be undone.`, values.yes);
    await client().delete('/api/groups/{id}', { params: { path: { id } } });
    output.say(`The group ${name} is deleted.`);
  },
});

const membership = (kind: 'join' | 'leave', name: string, summary: string, example: string) =>
  command({
    name,
    summary,
    words: [
      groupWord,
      { name: 'DEVICE', about: "a device's name or id", many: true, optional: true },
    ],
    flags: choiceFlags,
    examples: [example],
    run: async (context, [word = '', ...words], values) => {
      const { id } = await findGroup(context.client(), word);
      return changeDevices(context, { values, words }, { kind, group: id });
    },
  });

const add = membership(
  ...(['join', 'groups add', 'Put devices into a static group'] as const),
  "groups add 'Night shift' gateway-1 gateway-2",
);
const takeOut = membership(
  ...(['leave', 'groups remove', 'Take devices out of a static group'] as const),
  "groups remove 'Night shift' --query 'site=plant-7'",
);

export const groupCommands = [list, show, members, create, edit, add, takeOut, remove];
