/** Devices as rows: status, name, software, and the age of what is known. Folds on a phone. */
import { html, type TemplateResult } from 'lit';
import { deviceMark, slotMark } from '../data/status.ts';
import type { Device } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { bareMark, glyph } from '../ui/glyph.ts';

const software = (device: Device): TemplateResult => {
  const bundles = device.bundles ?? [];
  if (bundles.length === 0) return html`<span class="muted">none</span>`;
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

/** The whole row opens the device; its link is what keyboards and screen readers use. */
const open = (event: MouseEvent): void => {
  if ((event.target as HTMLElement).closest('a') !== null) return;
  (event.currentTarget as HTMLElement).querySelector('a')?.click();
};

const row = (device: Device): TemplateResult => html`<tr class="link" @click=${open}>
  <td><a class="title" data-item href="/devices/${encodeURIComponent(device.id)}">${device.name}</a>
    <div class="muted small truncate">${device.platform?.hostname ?? ''}</div></td>
  <td>${bareMark(deviceMark(device))}</td>
  <td class="wide">${software(device)}</td>
  <td class="drop"><span class="nowrap">${device.site}</span></td>
  <td class="drop muted"><span class="nowrap">${device.agentVersion}</span></td>
  <td class="muted wide">${seen(device)}</td>
</tr>`;

export const deviceTable = (devices: readonly Device[]): TemplateResult =>
  html`<div class="scroll"><table class="fold">
    <thead><tr><th scope="col">Device</th><th scope="col">Status</th><th scope="col">Software</th>
      <th scope="col">Site</th><th scope="col">Agent</th><th scope="col">Last seen</th></tr></thead>
    <tbody>${devices.map(row)}</tbody>
  </table></div>`;
