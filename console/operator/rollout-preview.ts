/** What a rollout would do, wave by wave, before it is made: when, to whom, how many bytes. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, nothing, type TemplateResult } from 'lit';
import { bytesOf, clockOf, countedOf } from '../data/format.ts';
import type { PreviewRange, PreviewWave, RolloutPreview } from '../data/rollout-types.ts';
import { rolloutMark } from '../data/status.ts';
import type { Instant } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { notice } from '../ui/notice.ts';
import { pathTo } from './paths.ts';

const at = (moment: Instant | null, now: number): string =>
  moment === null ? 'not by itself' : clockOf(moment, now);

const rangeWords = ({ earliest, likely }: PreviewRange, now: number): string => {
  if (earliest === null) return 'Not within a year.';
  if (likely === earliest) return `From ${at(earliest, now)}.`;
  return `From ${at(earliest, now)} at the earliest; ${likely === null ? 'not by itself as devices stand now' : `likely ${at(likely, now)}`}.`;
};

const named = (first: readonly { name: string }[], count: number): string => {
  const shown = first
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ');
  return count > 3 ? `${shown} and ${count - 3} more` : shown;
};

const fetchWords = ({ devices, fetches, runIt }: PreviewWave): string => {
  const kinds = fetches.filter(({ bytes }) => bytes > 0);
  const each =
    kinds.length === 1 && kinds[0]?.devices === devices
      ? `${bytesOf(kinds[0].bytes)} each`
      : kinds.map((kind) => `${kind.devices} × ${bytesOf(kind.bytes)}`).join(', ');
  const runs = runIt === 0 ? '' : `${runIt} ${runIt === 1 ? 'runs' : 'run'} it already`;
  return [each, runs].filter((word) => word !== '').join('; ');
};

/** What comes from elsewhere is not known, which is not nothing. */
const amount = ({ bytes, foreignImages }: RolloutPreview): string => {
  const elsewhere = `${countedOf(foreignImages.length, 'image')} of other registries, of a size not known here`;
  if (foreignImages.length === 0) return bytesOf(bytes);
  return bytes === 0 ? elsewhere : `${bytesOf(bytes)} and ${elsewhere}`;
};

const wave = (one: PreviewWave, now: number): TemplateResult => {
  const fetched = fetchWords(one);
  return html`<li class="stack tight">
    <div class="row"><b class="grow">${one.name}</b><span class="muted small">${countedOf(one.devices, 'device')}${one.bytes === 0 ? '' : ` · ${bytesOf(one.bytes)}`}</span></div>
    <p class="small">${rangeWords(one.begins, now)}</p>
    ${one.devices === 0 ? nothing : html`<p class="muted small">${named(one.first, one.devices)}${fetched === '' ? '' : ` — ${fetched}`}</p>`}
    ${
      one.dependsOn.length === 0
        ? nothing
        : html`<details><summary class="small">What that hangs on</summary><ul class="small muted">${one.dependsOn.map((word) => html`<li>${word}</li>`)}</ul></details>`
    }</li>`;
};

const deprecatedNote = (one: NonNullable<RolloutPreview['deprecated']>): TemplateResult =>
  notice(
    'warn',
    html`<p><b>${one.what} is deprecated:</b> ${one.reason}
      <span class="muted small">(${nameOfActor(one.by)}, ${age(one.at)})</span></p>
      <p>${one.means}</p>`,
  );

/** Before the waves: whoever reads on should know what they meet. */
const underWayNote = (one: RolloutPreview['underWay'][number]): TemplateResult =>
  notice(
    'warn',
    html`<p><b><a href=${pathTo.rollout(one.rolloutId)}>${one.version}</a> is ${rolloutMark(one.status).word.toLowerCase()} on ${one.atWork + one.untold} of these devices</b></p>
      <p>${one.means}</p>`,
  );

export const rolloutPreview = (preview: RolloutPreview, now = Date.now()): TemplateResult => html`
  <section class="card padded stack" aria-label="Look ahead"><h2>What it would do</h2>
    ${
      preview.refused === null
        ? html`<p>${countedOf(preview.devices, 'device')} would fetch ${amount(preview)}${
            preview.runIt === 0 ? '' : `; ${preview.runIt} run it already`
          }. Nothing was started.</p>`
        : notice('bad', html`<p>It would be refused: ${preview.refused}</p>`)
    }
    ${preview.deprecated === null ? nothing : deprecatedNote(preview.deprecated)}
    ${preview.underWay.map(underWayNote)}
    <ul class="plain stack">${preview.waves.map((one) => wave(one, now))}</ul>
    ${preview.attention.map(({ devices, why, first }) =>
      notice(
        'warn',
        html`<p>${countedOf(devices, 'device')} (${named(first, devices)}): ${why}</p>`,
      ),
    )}
    <details><summary class="small">How this is reckoned</summary><ul class="small muted">${preview.estimates.map((word) => html`<li>${word}</li>`)}</ul></details>
  </section>`;
