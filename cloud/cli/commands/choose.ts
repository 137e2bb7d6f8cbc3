/**
 * Which devices a command means, and one change to all of them: by name, or by what the list
 * understands. `--dry-run` shows whom it would meet; nothing is guessed when nobody was chosen.
 */
import type { Client } from '@signalbeam/client';
import type { Context } from '../command.ts';
import type { FlagSpec } from '../core/described.ts';
import type { Cell, Column } from '../core/table.ts';
import { counted, state } from '../core/words.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { findDevice, findGroup } from './find.ts';

export const statuses = ['pending', 'approved', 'rejected', 'online', 'offline', 'never'] as const;

export const filterFlags = {
  query: { type: 'string', value: 'QUERY', about: 'in the language of docs/queries.md' },
  site: { type: 'string', value: 'SITE', about: 'at this site' },
  status: { type: 'string', value: 'STATUS', about: 'with this status', choices: statuses },
  group: { type: 'string', value: 'GROUP', about: 'in this group' },
  search: { type: 'string', value: 'TEXT', about: 'with this in name, host or site' },
} as const satisfies Record<string, FlagSpec>;

export const choiceFlags = {
  device: { type: 'string', value: 'DEVICE', multiple: true, about: 'this device, by name or id' },
  ...filterFlags,
  'dry-run': { type: 'boolean', about: 'only show which devices it would change' },
} as const satisfies Record<string, FlagSpec>;

export type Filter = {
  query?: string;
  site?: string;
  status?: string;
  group?: string;
  search?: string;
};
type Choice = Filter & { device?: string[]; 'dry-run'?: boolean };
type Status = (typeof statuses)[number];

export const filterOf = async (client: Client, values: Filter) => {
  const { query, site, search, status, group } = values;
  return {
    ...(query === undefined ? {} : { query }),
    ...(site === undefined ? {} : { site }),
    ...(search === undefined ? {} : { search }),
    ...(status === undefined ? {} : { status: status as Status }),
    ...(group === undefined ? {} : { group: (await findGroup(client, group)).id }),
  };
};

export type Action = Parameters<typeof bulkBody>[1];
const bulkBody = (
  devices: { ids?: string[] } & Awaited<ReturnType<typeof filterOf>>,
  action:
    | { kind: 'tag'; set: string[]; unset: string[] }
    | { kind: 'join' | 'leave'; group: string }
    | { kind: 'approve' | 'delete' }
    | { kind: 'reject'; reason?: string },
) => ({ devices, action });

type Result = { deviceId: string; name: string | null; outcome: string; reason: string | null };

const resultColumns: readonly Column<Result>[] = [
  { title: 'DEVICE', of: ({ name, deviceId }) => name ?? deviceId },
  { title: 'OUTCOME', of: ({ outcome }): Cell => state(outcome) },
  { title: 'REASON', of: ({ reason }) => reason ?? '' },
];

const idsMax = 500;

const choose = async (client: Client, values: Choice, words: readonly string[]) => {
  const names = [...words, ...(values.device ?? [])];
  const filter = await filterOf(client, values);
  const isFiltered = Object.keys(filter).length > 0;
  if (names.length > 0 && isFiltered) {
    throw new UsageError('Name devices, or choose them with flags, not both.');
  }
  if (isFiltered) return filter;
  if (names.length === 0) {
    throw new UsageError('Say which devices: by --device NAME, or by --query, --site, --group …');
  }
  if (names.length > idsMax) throw new UsageError(`Name at most ${idsMax} devices.`);
  const devices = await Promise.all(names.map((name) => findDevice(client, name)));
  return { ids: devices.map(({ id }) => id) };
};

const countOf = async (client: Client, devices: Awaited<ReturnType<typeof choose>>) => {
  if ('ids' in devices) return devices.ids?.length ?? 0;
  return (await client.get('/api/devices/count', { params: { query: devices } })).devices;
};

const showChosen = async (context: Context, devices: Awaited<ReturnType<typeof choose>>) => {
  const client = context.client();
  const found =
    'ids' in devices
      ? await Promise.all((devices.ids ?? []).map((id) => findDevice(client, id)))
      : (await client.get('/api/devices', { params: { query: { ...devices, limit: 20 } } }))
          .devices;
  const count = await countOf(client, devices);
  context.output.one({ count, devices: found }, [
    ['It would change', counted(count, 'device')],
    ...found.map(({ name, site }) => ['', `${name} (${site})`] as const),
    ...(count > found.length ? [['', `and ${count - found.length} more`] as const] : []),
  ]);
};

const tell = ({ output }: Context, results: readonly Result[]): ExitCode => {
  const by = (outcome: string) => results.filter((each) => each.outcome === outcome);
  const refused = by('refused');
  if (output.forPrograms) output.one(results, []);
  else {
    if (refused.length > 0) output.table(resultColumns, refused);
    const changed = by('changed').length;
    const same = by('unchanged').length;
    output.say(
      `${counted(changed, 'device')} changed, ${same} as it was already, ${refused.length} refused.`,
    );
  }
  return refused.length > 0 ? exitCodes.refused : exitCodes.ok;
};

/** Does one thing to the chosen devices, a batch at a time. Asks first when `ask` says what for. */
export const changeDevices = async (
  context: Context,
  chosen: { values: Choice; words: readonly string[] },
  action: Action,
  ask?: { question: (count: string) => string; yes: boolean | undefined },
): Promise<ExitCode> => {
  const client = context.client();
  const devices = await choose(client, chosen.values, chosen.words);
  if (chosen.values['dry-run'] === true) {
    await showChosen(context, devices);
    return exitCodes.ok;
  }
  if (ask !== undefined) {
    const count = counted(await countOf(client, devices), 'device');
    await context.confirm(ask.question(count), ask.yes);
  }
  const results: Result[] = [];
  let cursor: string | undefined;
  do {
    const body = { ...bulkBody(devices, action), ...(cursor === undefined ? {} : { cursor }) };
    const batch = await client.post('/api/devices/bulk', { body });
    results.push(...batch.results);
    cursor = batch.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return tell(context, results);
};
