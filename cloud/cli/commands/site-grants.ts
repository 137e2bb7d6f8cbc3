/** Technicians' grants: who may sign in at the devices of a site, until when. */
import type { Schemas } from '@signalbeam/client';
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Column } from '../core/table.ts';
import { ago, state } from '../core/words.ts';
import { findGrant } from './find.ts';
import { pageLimit, printList, wholeNumber } from './listing.ts';

const siteWord = { name: 'SITE', about: "a site's name" };

const columns = (now: number): readonly Column<Schemas['SiteGrant']>[] => [
  { title: 'HOLDER', of: ({ holder }) => holder },
  { title: 'STATE', of: (grant) => state(grant.state), whole: true },
  { title: 'ENDS', of: ({ expiresAt }) => ago(Date.parse(expiresAt), now) },
  { title: 'GIVEN BY', of: ({ createdBy }) => nameOfActor(createdBy) },
  { title: 'ID', of: ({ id }) => id, whole: true },
];

const grants = command({
  name: 'sites grants',
  summary: 'List the technicians’ grants of a site, the newest first',
  words: [siteWord],
  flags: listFlags,
  examples: ['sites grants plant-7'],
  run: async (context, [name = ''], values) => {
    const params = { path: { name }, query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: columns(context.surroundings.now()),
      pages: context.client().pages('/api/sites/{name}/grants', { params }),
      none: 'No technician was given a grant.',
    });
  },
});

const grant = command({
  name: 'sites grant',
  summary: 'Let a technician sign in at the devices of a site; the grant is shown this once',
  words: [siteWord, { name: 'HOLDER', about: 'who gets it, by name' }],
  flags: { hours: { type: 'string', value: 'N', about: 'how long it holds (24)' } },
  examples: ["sites grant plant-7 'Ada Lovelace' --hours 8"],
  run: async ({ client, output }, [name = '', holder = ''], { hours }) => {
    const body = {
      holder,
      ...(hours === undefined ? {} : { validityHours: wholeNumber(hours, 'hours', 24 * 90) }),
    };
    const made = await client().post('/api/sites/{name}/grants', {
      params: { path: { name } },
      body,
    });
    output.one(made, [['', made.token]]);
    output.hint(
      `${made.holder} signs in with it at the devices of ${made.site} until ${made.expiresAt}, without internet too. It is not shown again.`,
    );
  },
});

const revoke = command({
  name: 'sites revoke-grant',
  summary: 'Take a technician’s grant back',
  words: [siteWord, { name: 'GRANT', about: 'its id, or the name of its holder' }],
  flags: { yes: { type: 'boolean', about: "don't ask" } },
  examples: ["sites revoke-grant plant-7 'Ada Lovelace'"],
  run: async ({ client, output, confirm }, [name = '', word = ''], values) => {
    const { id, holder } = await findGrant(client(), name, word);
    await confirm(
      `This takes ${holder}’s grant for ${name} back, which can't be undone.`,
      values.yes,
    );
    await client().delete('/api/sites/{name}/grants/{id}', { params: { path: { name, id } } });
    output.say(
      `${holder} can't sign in at ${name} any more: devices with a link know within a minute, others when they have one.`,
    );
  },
});

export const siteGrantCommands = [grants, grant, revoke];
