/** Devices: find them, look at one, decide about those that wait, change one. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Cell, Column } from '../core/table.ts';
import { ago, state } from '../core/words.ts';
import { changeDevices, choiceFlags, filterFlags, filterOf } from './choose.ts';
import { findBundle, findDevice } from './find.ts';
import { pageLimit, printList } from './listing.ts';

type Device = Schemas['Device'];
const yes = { type: 'boolean', about: "don't ask" } as const;
const deviceWord = { name: 'DEVICE', about: "a device's name or id" };
const devicesWord = { ...deviceWord, many: true, optional: true };

const statusOf = ({ registrationStatus, presence }: Device): string =>
  registrationStatus === 'approved' ? presence : registrationStatus;
const seen = ({ lastSeenAt }: Device, now: number): string =>
  ago(lastSeenAt === null ? null : Date.parse(lastSeenAt), now);
/** What is wanted, and where it does not run well, how it stands. */
const bundlesOf = ({ bundles }: Device): string =>
  bundles
    .map(({ name, version, status }) => {
      const stands = status === 'running' ? '' : ` (${status})`;
      return `${name} ${version}${stands}`;
    })
    .join(', ');

/** The score, and what costs it most. */
const healthOf = ({ health: { score, level, worst } }: Device): Cell => {
  if (score === null) return { text: '–', tone: 'faint' };
  const text =
    worst === null ? String(score) : `${score} ${worst.part}${worst.isKnown ? '' : ' unknown'}`;
  const tone = {
    healthy: 'plain',
    degraded: 'waiting',
    critical: 'bad',
    unknown: 'faint',
  } as const;
  return { text, tone: tone[level] };
};

const columns = (now: number): readonly Column<Device>[] => [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'SITE', of: ({ site }) => site },
  { title: 'STATUS', of: (device) => state(statusOf(device)), whole: true },
  { title: 'SEEN', of: (device) => seen(device, now), whole: true },
  { title: 'HEALTH', of: healthOf },
  { title: 'BUNDLES', of: bundlesOf },
  { title: 'TAGS', of: ({ tags }) => tags.join(' ') },
];

const sorts = ['name', 'health'] as const;

const list = command({
  name: 'devices list',
  summary: 'List devices by name, all or those that a query chooses',
  flags: {
    ...filterFlags,
    ...listFlags,
    sort: { type: 'string', choices: sorts, value: 'HOW', about: 'by name, or the worst health' },
  },
  examples: [
    "devices list --query 'environment=production AND status=offline'",
    'devices list --site plant-7 --all --jsonl',
    'devices list --status pending',
    "devices list --sort health --query 'health below 70'",
  ],
  run: async (context, _words, values) => {
    const client = context.client();
    const sort = (values.sort ?? 'name') as (typeof sorts)[number];
    const query = { ...(await filterOf(client, values)), sort, limit: pageLimit(values) };
    await printList(context, values, {
      columns: columns(context.surroundings.now()),
      pages: client.pages('/api/devices', { params: { query } }),
      none: 'There is no such device.',
    });
  },
});

const count = command({
  name: 'devices count',
  summary: 'Count devices, all or those that a query chooses',
  flags: filterFlags,
  examples: ["devices count --query 'lastSeen before 2h'", 'devices count --status online'],
  run: async ({ client, output }, _words, values) => {
    const query = await filterOf(client(), values);
    const answer = await client().get('/api/devices/count', { params: { query } });
    output.one(answer, [['', String(answer.devices)]]);
  },
});

const show = command({
  name: 'devices show',
  summary: 'Show one device',
  words: [deviceWord],
  examples: ['devices show gateway-1', 'devices show gateway-1 --json'],
  run: async ({ client, output, surroundings }, [word = '']) => {
    const device = await findDevice(client(), word);
    output.one(device, [
      ['name', device.name],
      ['id', device.id],
      ['site', device.site],
      ['status', statusOf(device)],
      ['seen', seen(device, surroundings.now())],
      ['fingerprint', device.fingerprint],
      ['agent', `${device.agentVersion} on ${device.platform.os} ${device.platform.architecture}`],
      ['host', device.platform.hostname],
      ['bundles', bundlesOf(device)],
      ['tags', device.tags.join(' ')],
      ...Object.entries(device.metadata).map(([name, text]) => [name, text] as const),
    ]);
  },
});

const tag = command({
  name: 'devices tag',
  summary: 'Set tags of the chosen devices, and take others off',
  words: [{ name: 'TAG', about: '`key=value` or a bare word', many: true, optional: true }],
  flags: {
    ...choiceFlags,
    remove: { type: 'string', value: 'TAG', multiple: true, about: 'take this tag off' },
  },
  examples: [
    "devices tag --query 'site=plant-7 AND NOT ring=canary' ring=late --dry-run",
    'devices tag --device gateway-1 ring=canary environment=production',
    'devices tag --site plant-7 --remove ring',
  ],
  run: (context, words, values) => {
    const action = { kind: 'tag' as const, set: words, unset: values.remove ?? [] };
    return changeDevices(context, { values, words: [] }, action);
  },
});

const approve = command({
  name: 'devices approve',
  summary: 'Let devices in that wait; compare their fingerprints first',
  words: [devicesWord],
  flags: choiceFlags,
  examples: [
    'devices approve gateway-1',
    "devices approve --query 'site=plant-7 AND status=pending'",
  ],
  run: (context, words, values) => changeDevices(context, { values, words }, { kind: 'approve' }),
});

const reject = command({
  name: 'devices reject',
  summary: 'Turn devices away that wait',
  words: [devicesWord],
  flags: { ...choiceFlags, reason: { type: 'string', value: 'TEXT', about: 'what they are told' } },
  examples: ["devices reject gateway-9 --reason 'not one of ours'"],
  run: (context, words, values) => {
    const reason = values.reason === undefined ? {} : { reason: values.reason };
    return changeDevices(context, { values, words }, { kind: 'reject', ...reason });
  },
});

const remove = command({
  name: 'devices delete',
  summary: 'Delete devices: their credentials end at once, what runs on them is left running',
  words: [devicesWord],
  flags: { ...choiceFlags, yes },
  examples: ['devices delete gateway-9', "devices delete --query 'lastSeen before 90d' --dry-run"],
  run: (context, words, values) =>
    changeDevices(
      context,
      { values, words },
      { kind: 'delete' },
      {
        question: (chosen) => `This deletes ${chosen}, which can't be undone.`,
        yes: values.yes,
      },
    ),
});

const change = command({
  name: 'devices edit',
  summary: 'Rename a device or move it to another site',
  words: [deviceWord],
  flags: {
    name: { type: 'string', value: 'NAME', about: 'its new name' },
    site: { type: 'string', value: 'SITE', about: 'its new site' },
  },
  examples: ["devices edit gateway-1 --name 'Pump house'", 'devices edit gateway-1 --site plant-8'],
  run: async ({ client, output }, [word = ''], { name, site }) => {
    const { id } = await findDevice(client(), word);
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(site === undefined ? {} : { site }),
    };
    const changed = await client().patch('/api/devices/{id}', { params: { path: { id } }, body });
    output.one(changed, [['', `${changed.name} is at ${changed.site}.`]]);
  },
});

const assign = command({
  name: 'devices assign',
  summary: 'Put a bundle version on one device, outside of any rollout',
  words: [
    deviceWord,
    { name: 'BUNDLE', about: 'its name or id' },
    { name: 'VERSION', about: 'which' },
  ],
  flags: { 'allow-deprecated': { type: 'boolean', about: 'also if it is deprecated' } },
  examples: ['devices assign gateway-1 hello 1.0.0'],
  run: async ({ client, output }, [word = '', bundleWord = '', version = ''], values) => {
    const { id, name } = await findDevice(client(), word);
    const bundle = await findBundle(client(), bundleWord);
    const allowDeprecated = values['allow-deprecated'] === true;
    const body = { bundleId: bundle.id, version, allowDeprecated };
    const params = { path: { id } };
    const assigned = await client().post('/api/devices/{id}/bundle', { params, body });
    output.one(assigned, [
      ['', `${name} shall run ${bundle.name} ${version} (generation ${assigned.generation}).`],
    ]);
  },
});

const activity = command({
  name: 'devices activity',
  summary: 'What was done to a device, the newest first',
  words: [deviceWord],
  flags: listFlags,
  examples: ['devices activity gateway-1', 'devices activity gateway-1 --all --jsonl'],
  run: async (context, [word = ''], values) => {
    const client = context.client();
    const { id } = await findDevice(client, word);
    const params = { path: { id }, query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'AT', of: ({ at }) => at, whole: true },
        { title: 'WHO', of: ({ actor }) => actor },
        { title: 'WHAT', of: ({ action }) => action },
      ],
      pages: client.pages('/api/devices/{id}/activity', { params }),
      none: 'Nothing was done to it.',
    });
  },
});

const events = command({
  name: 'devices events',
  summary: 'What happened on a device, the newest first',
  words: [deviceWord],
  flags: listFlags,
  examples: ['devices events gateway-1', 'devices events gateway-1 --limit 5'],
  run: async (context, [word = ''], values) => {
    const client = context.client();
    const { id } = await findDevice(client, word);
    const params = { path: { id }, query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'AT', of: ({ at }) => at, whole: true },
        { title: 'SEVERITY', of: ({ severity }) => state(severity) },
        { title: 'WHAT', of: ({ message }) => message },
      ],
      pages: client.pages('/api/devices/{id}/events', { params }),
      none: 'It told of nothing.',
    });
  },
});

export const deviceCommands = [
  ...[list, show, count, tag, approve, reject, change, assign, activity, events, remove],
];
