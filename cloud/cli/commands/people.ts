/** The people of a tenant, and what was done by whom. */

import { Readable } from 'node:stream';
import type { Client, Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { notFound, UsageError } from '../exit.ts';
import { pageLimit, printList } from './listing.ts';

const roles = ['viewer', 'operator', 'admin'] as const;
type Role = (typeof roles)[number];
const userWord = { name: 'USER', about: "somebody's e-mail address" };

const list = command({
  name: 'users list',
  summary: 'List the people of the tenant',
  examples: ['users list', 'users list --json'],
  run: async ({ client, output }) => {
    const { users } = await client().get('/api/users');
    await output.list<Schemas['User']>(
      [
        { title: 'E-MAIL', of: ({ email }) => email },
        { title: 'NAME', of: ({ name }) => name },
        { title: 'ROLE', of: ({ role }) => role, whole: true },
        { title: 'STATE', of: ({ disabledAt }) => (disabledAt === null ? '' : 'disabled') },
      ],
      Readable.from([users]),
      'There are no users.',
    );
  },
});

const findUser = async (client: Client, word: string): Promise<Schemas['User']> => {
  const { users } = await client.get('/api/users');
  const lower = word.toLowerCase();
  const found = users.find(({ id, email }) => id === word || email.toLowerCase() === lower);
  if (found === undefined) throw notFound(`There is no user ${word}.`);
  return found;
};

const edit = command({
  name: 'users edit',
  summary: "Change somebody's name or role, or disable them",
  words: [userWord],
  flags: {
    name: { type: 'string', value: 'NAME', about: 'their name' },
    role: { type: 'string', value: 'ROLE', about: 'what they may do', choices: roles },
    disable: { type: 'boolean', about: 'they can sign in no more' },
    enable: { type: 'boolean', about: 'they can sign in again' },
  },
  examples: ['users edit ann@example.com --role operator', 'users edit ann@example.com --disable'],
  run: async ({ client, output }, [word = ''], { name, role, disable, enable }) => {
    if (disable === true && enable === true) throw new UsageError('Say --disable or --enable.');
    const { id } = await findUser(client(), word);
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role: role as Role }),
      ...(disable === true || enable === true ? { disabled: disable === true } : {}),
    };
    const user = await client().patch('/api/users/{id}', { params: { path: { id } }, body });
    const stateOf = user.disabledAt === null ? '' : ', disabled';
    output.one(user, [['', `${user.email} is ${user.role}${stateOf}.`]]);
  },
});

const audit = command({
  name: 'audit list',
  summary: 'What was done by whom, the newest first',
  flags: listFlags,
  examples: ['audit list --limit 20', 'audit list --all --jsonl'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'AT', of: ({ at }) => at, whole: true },
        { title: 'WHO', of: ({ actor }) => actor },
        { title: 'WHAT', of: ({ action }) => action },
        { title: 'OF WHAT', of: ({ target }) => target },
        { title: 'FROM', of: ({ ip }) => ip ?? '' },
      ],
      pages: context.client().pages('/api/audit', { params }),
      none: 'Nothing was done yet.',
    });
  },
});

export const peopleCommands = [list, edit, audit];
