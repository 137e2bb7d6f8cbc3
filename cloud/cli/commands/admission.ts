/** How devices come in and where they are: registration tokens, sites, the tags in use. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Column } from '../core/table.ts';
import { ago, counted, state } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { findGroup, findToken } from './find.ts';
import { pageLimit, printList, wholeNumber } from './listing.ts';
import { paceFlags, paceOf } from './rollout-pace.ts';

const yes = { type: 'boolean', about: "don't ask" } as const;

const tokenColumns = (now: number): readonly Column<Schemas['RegistrationToken']>[] => [
  { title: 'PREFIX', of: ({ prefix }) => prefix, whole: true },
  { title: 'SITE', of: ({ site }) => site },
  { title: 'STATE', of: (token) => state(token.state), whole: true },
  { title: 'USES', of: ({ currentUses, maxUses }) => `${currentUses} of ${maxUses}`, whole: true },
  { title: 'EXPIRES', of: ({ expiresAt }) => ago(Date.parse(expiresAt), now) },
  { title: 'TAGS', of: ({ tags }) => tags.join(' ') },
  { title: 'DESCRIPTION', of: ({ description }) => description },
];

const tokensList = command({
  name: 'tokens list',
  summary: 'List registration tokens, the newest first',
  flags: listFlags,
  examples: ['tokens list', 'tokens list --all --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: tokenColumns(context.surroundings.now()),
      pages: context.client().pages('/api/registration-tokens', { params }),
      none: 'There are no registration tokens.',
    });
  },
});

const tokensCreate = command({
  name: 'tokens create',
  summary: 'Make a registration token for a site; it is shown this once',
  words: [{ name: 'SITE', about: 'where its devices are' }],
  flags: {
    uses: { type: 'string', value: 'N', about: 'how many devices it lets in (1)' },
    days: { type: 'string', value: 'N', about: 'how long it holds (30)' },
    approve: { type: 'boolean', about: 'its devices need nobody to approve them' },
    group: { type: 'string', value: 'GROUP', about: 'a static group that they join' },
    tag: { type: 'string', value: 'TAG', multiple: true, about: 'a tag that they get' },
    description: { type: 'string', value: 'TEXT', about: 'what it is for' },
  },
  examples: [
    'tokens create plant-7 --uses 3 --days 7',
    'tokens create plant-7 --approve --tag ring=canary --json',
  ],
  run: async ({ client, output }, [site = ''], values) => {
    const { uses, days, group, tag, description } = values;
    const body = {
      site,
      autoApprove: values.approve === true,
      ...(uses === undefined ? {} : { maxUses: wholeNumber(uses, 'uses') }),
      ...(days === undefined ? {} : { validityDays: wholeNumber(days, 'days', 365) }),
      ...(group === undefined ? {} : { group: (await findGroup(client(), group)).id }),
      ...(tag === undefined ? {} : { tags: tag }),
      ...(description === undefined ? {} : { description }),
    };
    const made = await client().post('/api/registration-tokens', { body });
    output.one(made, [['', made.token]]);
    output.hint(
      `It lets ${counted(made.maxUses, 'device')} in at ${made.site} until ${made.expiresAt}, and is not shown again.`,
    );
  },
});

const tokensRevoke = command({
  name: 'tokens revoke',
  summary: 'Revoke a registration token; devices that used it stay',
  words: [{ name: 'TOKEN', about: 'its prefix or id' }],
  flags: { yes },
  examples: ['tokens revoke sbt_1a2b3c4d'],
  run: async ({ client, output, confirm }, [word = ''], values) => {
    const { id, prefix } = await findToken(client(), word);
    await confirm(`This revokes the token ${prefix}, which can't be undone.`, values.yes);
    await client().delete('/api/registration-tokens/{id}', { params: { path: { id } } });
    output.say(`${prefix} lets nobody in any more.`);
  },
});

const siteColumns: readonly Column<Schemas['Site']>[] = [
  { title: 'NAME', of: ({ name }) => name, whole: true },
  { title: 'TITLE', of: ({ title }) => title },
  { title: 'DEVICES', of: ({ devices }) => String(devices), whole: true },
  { title: 'PENDING', of: ({ pending }) => String(pending), whole: true },
];
const siteWord = { name: 'SITE', about: "a site's name" };

const sitesList = command({
  name: 'sites list',
  summary: 'List sites by name, with how many devices are at each',
  flags: listFlags,
  examples: ['sites list', 'sites list --all --jsonl'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    const pages = context.client().pages('/api/sites', { params });
    await printList(context, values, { columns: siteColumns, pages, none: 'There are no sites.' });
  },
});

const sitesCreate = command({
  name: 'sites create',
  summary: 'Make a site; its name stays, its title may change',
  words: [siteWord],
  flags: { title: { type: 'string', value: 'TEXT', about: 'what people call it' } },
  examples: ["sites create plant-7 --title 'Plant 7, Oslo'"],
  run: async ({ client, output }, [name = ''], { title }) => {
    const body = { name, ...(title === undefined ? {} : { title }) };
    const site = await client().post('/api/sites', { body });
    output.one(site, [['', `There is a site ${site.name} now.`]]);
  },
});

const sitesEdit = command({
  name: 'sites edit',
  summary: 'Give a site another title',
  words: [siteWord],
  flags: { title: { type: 'string', value: 'TEXT', about: 'what people call it' } },
  examples: ["sites edit plant-7 --title 'Plant 7'"],
  run: async ({ client, output }, [name = ''], { title = '' }) => {
    const params = { path: { name } };
    const site = await client().patch('/api/sites/{name}', { params, body: { title } });
    output.one(site, [['', `${site.name} is called ${site.title}.`]]);
  },
});

const sitesDelete = command({
  name: 'sites delete',
  summary: 'Delete a site at which nothing is',
  words: [siteWord],
  flags: { yes },
  examples: ['sites delete plant-9'],
  run: async ({ client, output, confirm }, [name = ''], values) => {
    await confirm(`This deletes the site ${name}, which can't be undone.`, values.yes);
    await client().delete('/api/sites/{name}', { params: { path: { name } } });
    output.say(`The site ${name} is deleted.`);
  },
});

const sitesWindows = command({
  name: 'sites windows',
  summary: 'Say when rollouts may change devices of a site',
  words: [siteWord],
  flags: {
    window: paceFlags.window,
    for: paceFlags.for,
    'time-zone': paceFlags['time-zone'],
    none: { type: 'boolean', about: 'at any time' },
  },
  examples: ["sites windows plant-7 --window '0 2 * * SAT' --for 2h --time-zone Europe/Berlin"],
  run: async ({ client, output }, [name = ''], values) => {
    if ((values.none === true) === (values.window ?? []).length > 0) {
      throw new UsageError('Say when by --window, or --none for at any time.');
    }
    const windows = (paceOf(values).windows ?? []).map(({ sites: _, ...window }) => window);
    const params = { path: { name } };
    const site = await client().put('/api/sites/{name}/windows', { params, body: { windows } });
    const said = site.windows.map(
      ({ cron, timeZone, minutes }) => ['', `${cron} (${timeZone}) for ${minutes} min`] as const,
    );
    output.one(site, said.length === 0 ? [['', `${name}: at any time.`]] : said);
  },
});

const tagsList = command({
  name: 'tags list',
  summary: 'List the tags in use, with how many devices have each',
  flags: { ...listFlags, key: { type: 'string', value: 'KEY', about: 'only values of this key' } },
  examples: ['tags list', 'tags list --key ring'],
  run: async (context, _words, values) => {
    const key = values.key === undefined ? {} : { key: values.key };
    const params = { query: { limit: pageLimit(values), ...key } };
    await printList(context, values, {
      columns: [
        { title: 'TAG', of: ({ tag }) => tag },
        { title: 'DEVICES', of: ({ devices }) => String(devices), whole: true },
      ],
      pages: context.client().pages('/api/tags', { params }),
      none: 'No tags are in use.',
    });
  },
});

export const admissionCommands = [
  ...[tokensList, tokensCreate, tokensRevoke],
  ...[sitesList, sitesCreate, sitesEdit, sitesWindows, sitesDelete, tagsList],
];
