/** Devices as rows: status, name, tags, software, and the age of what is known. Folds on a phone. */
import { html, nothing, type TemplateResult } from 'lit';
import type { FleetSort } from '../data/fleet-filter.ts';
import { deviceMark, healthMark, slotMark } from '../data/status.ts';
import type { Device } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { bareMark, glyph } from '../ui/glyph.ts';

/** Which rows are ticked, and what a tick does; absent where nothing can be chosen. */
export type Selection = {
  ids: ReadonlySet<string>;
  toggle: (id: string, isOn: boolean) => void;
  toggleAll: (isOn: boolean) => void;
};

const tagsShownMax = 4;

const partWords: Readonly<Record<string, string>> = {
  freshness: 'not heard of',
  reconciliation: 'not all runs well',
  resources: 'near its limits',
  stability: 'trouble',
};
const unknownWords: Readonly<Record<string, string>> = {
  reconciliation: 'no report yet',
  resources: 'no readings yet',
};

/** The score with the word of what costs it most; of a healthy device the score alone. */
const health = ({ health: found, registrationStatus }: Device): TemplateResult => {
  if (found === undefined || registrationStatus !== 'approved') return html``;
  const { score, level, worst } = found;
  const mark = healthMark(level);
  const words = worst?.isKnown === false ? unknownWords : partWords;
  const word = worst === null ? '' : (words[worst.part] ?? worst.part);
  return html`<span class="only-narrow muted small">Health </span><span class="bare nowrap" title=${worst?.says ?? mark.word}>
    <span class="row tight tone-${mark.tone}">${glyph(mark.shape)}</span>
    ${score === null ? html`<span class="muted">unknown</span>` : html`<span>${score}<span class="visually-hidden"> of 100, ${mark.word}</span></span>`}
    ${score === null || word === '' ? nothing : html`<span class="muted small">${word}</span>`}</span>`;
};

const software = (device: Device): TemplateResult => {
  const bundles = device.bundles ?? [];
  if (bundles.length === 0) return html`<span class="muted">no bundle</span>`;
  return html`<span class="row">${bundles.map((bundle) => {
    const mark = slotMark(bundle.status);
    return html`<span class="bare" title=${mark.word}><span class="row tight tone-${mark.tone}">${glyph(mark.shape)}</span>
      <span>${bundle.name} <span class="muted">${bundle.version}</span><span class="visually-hidden">, ${mark.word}</span></span></span>`;
  })}</span>`;
};

const seen = ({ site, lastSeenAt }: Device): TemplateResult =>
  lastSeenAt === null
    ? html`<span class="only-narrow">${site} · never seen</span><span class="only-wide">never</span>`
    : html`<span class="only-narrow">${site} · seen </span>${age(lastSeenAt)}`;

export const tagList = (tags: readonly string[], shown = tags.length): TemplateResult =>
  html`<span class="tags">${tags.slice(0, shown).map((tag) => html`<span class="tag" title=${tag}>${tag}</span>`)}${
    tags.length > shown
      ? html`<span class="muted small" title=${tags.slice(shown).join(', ')}>+${tags.length - shown}</span>`
      : nothing
  }</span>`;

/** The whole row opens the device; its link is what keyboards and screen readers use. */
const open = (event: MouseEvent): void => {
  if ((event.target as HTMLElement).closest('a, label') !== null) return;
  (event.currentTarget as HTMLElement).querySelector('a')?.click();
};

const tick = (device: Device, selection: Selection): TemplateResult =>
  html`<td class="tick"><label><span class="visually-hidden">Choose ${device.name}</span>
    <input type="checkbox" .checked=${selection.ids.has(device.id)} @change=${(event: Event) =>
      selection.toggle(device.id, (event.target as HTMLInputElement).checked)} /></label></td>`;

const row = (
  device: Device,
  selection: Selection | null,
): TemplateResult => html`<tr class="link" @click=${open}>
  ${selection === null ? nothing : tick(device, selection)}
  <td><a class="title" data-item href="/devices/${encodeURIComponent(device.id)}">${device.name}</a>
    ${device.tags.length === 0 ? html`<div class="muted small truncate">${device.platform?.hostname ?? ''}</div>` : tagList(device.tags, tagsShownMax)}</td>
  <td>${bareMark(deviceMark(device))}</td>
  <td class="wide">${health(device)}</td>
  <td class="wide">${software(device)}</td>
  <td class="drop"><span class="nowrap">${device.site}</span></td>
  <td class="drop muted"><span class="nowrap">${device.agentVersion}</span></td>
  <td class="muted wide">${seen(device)}</td>
</tr>`;

const tickAll = (devices: readonly Device[], selection: Selection): TemplateResult => {
  const isAll = devices.length > 0 && devices.every(({ id }) => selection.ids.has(id));
  return html`<th scope="col" class="tick"><label><span class="visually-hidden">Choose all that are shown</span>
    <input type="checkbox" .checked=${isAll} .indeterminate=${!isAll && selection.ids.size > 0}
      @change=${(event: Event) => selection.toggleAll((event.target as HTMLInputElement).checked)} /></label></th>`;
};

export const deviceTable = (
  devices: readonly Device[],
  { selection = null, sort = 'name' }: { selection?: Selection | null; sort?: FleetSort } = {},
): TemplateResult => {
  const sorted = (by: FleetSort) => (sort === by ? 'ascending' : nothing);
  return html`<div class="scroll"><table class="fold ${selection === null ? '' : 'ticked'}">
    <thead><tr>${selection === null ? nothing : tickAll(devices, selection)}<th scope="col" aria-sort=${sorted('name')}>Device</th><th scope="col">Status</th>
      <th scope="col" aria-sort=${sorted('health')}>Health</th><th scope="col">Software</th><th scope="col">Site</th><th scope="col">Agent</th><th scope="col">Last seen</th></tr></thead>
    <tbody>${devices.map((device) => row(device, selection))}</tbody>
  </table></div>`;
};
