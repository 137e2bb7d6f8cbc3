/** The people of a tenant, and what was done by whom. */

import { Readable } from 'node:stream';
import type { Client, Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { counted } from '../core/words.ts';
import { type ExitCode, exitCodes, notFound, UsageError } from '../exit.ts';
import { pageLimit, printList } from './listing.ts';

const roles = ['viewer', 'operator', 'admin'] as const;
type Role = (typeof roles)[number];
type Found = {
  checked: number;
  faults: { kind: string; position: number | null }[];
  next: number | null;
};
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
  flags: {
    ...listFlags,
    actor: { type: 'string', value: 'WHO', about: 'such as user:ann@example.com' },
    action: { type: 'string', value: 'WHAT', about: 'such as device.approve' },
    target: { type: 'string', value: 'OF', about: 'such as site:plant-7' },
  },
  examples: [
    'audit list --limit 20',
    'audit list --action device.approve',
    'audit list --all --jsonl',
  ],
  run: async (context, _words, values) => {
    const { actor, action, target } = values;
    const query = {
      limit: pageLimit(values),
      ...(actor === undefined ? {} : { actor }),
      ...(action === undefined ? {} : { action }),
      ...(target === undefined ? {} : { target }),
    };
    const params = { query };
    await printList(context, values, {
      columns: [
        { title: 'AT', of: ({ at }) => at, whole: true },
        { title: 'WHO', of: ({ actor }) => actor },
        { title: 'WHAT', of: ({ action }) => action },
        { title: 'OF WHAT', of: ({ target }) => target },
        { title: 'CALLED', of: ({ targetName }) => targetName ?? '' },
        { title: 'FROM', of: ({ ip }) => ip ?? '' },
      ],
      pages: context.client().pages('/api/audit', { params }),
      none: 'Nothing was done yet.',
    });
  },
});

const verify = command({
  name: 'audit verify',
  summary: 'Check the whole audit log against its chain of hashes',
  examples: ['audit verify', 'audit verify --json'],
  run: async ({ client, output }): Promise<ExitCode> => {
    const faults: { kind: string; position: number | null }[] = [];
    let checked = 0;
    let from: number | null = null;
    do {
      const query: { from?: number } = from === null ? {} : { from };
      const found: Found = await client().get('/api/audit/verification', { params: { query } });
      checked += found.checked;
      faults.push(...found.faults);
      from = found.next;
    } while (from !== null);
    output.one({ checked, faults }, [
      ['', `${counted(checked, 'entry', 'entries')} checked, ${counted(faults.length, 'fault')}.`],
      ...faults.map(({ kind, position }) => ['', `${kind} at ${position ?? 'its end'}`] as const),
    ]);
    return faults.length === 0 ? exitCodes.ok : exitCodes.refused;
  },
});

const invite = command({
  name: 'users invite',
  summary: 'Invite somebody; the link is shown this once',
  words: [{ name: 'ADDRESS', about: 'their e-mail address' }],
  flags: {
    role: { type: 'string', value: 'ROLE', about: 'what they may do (viewer)', choices: roles },
    site: { type: 'string', value: 'SITE', multiple: true, about: 'only there; else everywhere' },
  },
  examples: ['users invite ann@example.com --role operator --site plant-7'],
  run: async ({ client, output }, [email = ''], { role = 'viewer', site }) => {
    const body = { email, role: role as Role, ...(site === undefined ? {} : { sites: site }) };
    const made = await client().post('/api/users/invitations', { body });
    output.one(made, [['', made.link ?? made.secret]]);
    output.hint(`It lets ${made.email} in as ${made.role} until ${made.expiresAt}.`);
  },
});

export const peopleCommands = [list, invite, edit, audit, verify];
