/** What a rollout would do, before it is made: `rollouts start … --dry-run`. */
import type { Schemas } from '@signalbeam/client';
import type { Context } from '../command.ts';
import { bytesWords, counted } from '../core/words.ts';
import { type ExitCode, exitCodes } from '../exit.ts';

type Preview = Schemas['RolloutPreview'];
type Wave = Preview['waves'][number];

/** `2027-01-31 02:00 UTC`. */
const moment = (at: string | null): string =>
  at === null ? 'not by itself' : `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;

const named = (first: readonly { name: string }[], count: number): string => {
  const names = first
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ');
  return count > 3 ? `${names} and ${count - 3} more` : names;
};

const fetched = ({ bytes, runIt, fetches }: Wave): string => {
  const kinds = fetches
    .filter((kind) => kind.bytes > 0)
    .map((kind) => `${kind.devices} × ${bytesWords(kind.bytes)}`)
    .slice(0, 3);
  const each = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  const known = bytes === 0 ? '–' : bytesWords(bytes);
  return `${known}${each}${runIt === 0 ? '' : `, ${runIt} run it already`}`;
};

/** What comes from elsewhere is not known, which is not nothing. */
const amount = ({ bytes, foreignImages }: Preview): string => {
  if (foreignImages.length === 0) return bytesWords(bytes);
  const elsewhere = counted(foreignImages.length, 'image');
  return `${bytesWords(bytes)} and ${elsewhere} of other registries, of a size not known here`;
};

export const showPreview = ({ output }: Context, preview: Preview): ExitCode => {
  output.one(preview, [
    ['would start', preview.refused === null ? 'yes' : `no: ${preview.refused}`],
    ...(preview.deprecated === null
      ? []
      : [['deprecated', `${preview.deprecated.reason}: ${preview.deprecated.means}`] as const]),
    ['devices', String(preview.devices)],
    ['fetch', amount(preview)],
  ]);
  if (!output.forPrograms) {
    output.table<Wave>(
      [
        { title: 'WAVE', of: ({ name }) => name },
        { title: 'DEVICES', of: ({ devices }) => String(devices), whole: true },
        { title: 'EARLIEST', of: ({ begins }) => moment(begins.earliest), whole: true },
        { title: 'LIKELY', of: ({ begins }) => moment(begins.likely), whole: true },
        { title: 'FETCH', of: fetched },
        { title: 'FIRST', of: ({ first, devices }) => named(first, devices) },
      ],
      preview.waves,
    );
    for (const { name, dependsOn } of preview.waves)
      if (dependsOn.length > 0) output.say(`${name} begins when: ${dependsOn.join(' ')}`);
    for (const { version, status, rolloutId, means } of preview.underWay)
      output.say(
        `${version} is ${status.replaceAll('-', ' ')} on some of them (${rolloutId}): ${means}`,
      );
    for (const { devices, why, first } of preview.attention)
      output.say(`${counted(devices, 'device')} (${named(first, devices)}): ${why}`);
    for (const estimate of preview.estimates) output.hint(estimate);
  }
  return preview.refused === null ? exitCodes.ok : exitCodes.conflict;
};
