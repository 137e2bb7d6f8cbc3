/**
 * The waiting room. The fingerprint is the largest thing in a row, because comparing it with what
 * the device shows is the whole decision.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';

type Comparing = {
  refused: string | null;
  compared: ReadonlySet<string>;
  compare: (device: Device, isRight: boolean) => void;
  approveCompared: () => void;
};

/** With one device there is nothing to gather. */
const compareBox = (device: Device, act: Comparing): TemplateResult | typeof nothing =>
  act.refused !== null
    ? nothing
    : html`<label class="check small"><input type="checkbox" .checked=${act.compared.has(device.id)}
        aria-label=${`The fingerprint of ${device.name} is right`}
        @change=${(event: Event) => act.compare(device, (event.target as HTMLInputElement).checked)} /><span>compared</span></label>`;

const approveBar = (
  devices: readonly Device[],
  act: Comparing,
): TemplateResult | typeof nothing => {
  const count = devices.filter(({ id }) => act.compared.has(id)).length;
  if (count === 0) return nothing;
  return html`<div class="bulk-bar" role="region" aria-label="Compared devices"><span>${count} compared</span>
    <button type="button" class="button small primary" @click=${act.approveCompared}>Approve ${count === 1 ? 'it' : `these ${count}`}</button></div>`;
};

export const pendingDevices = (
  devices: readonly Device[],
  act: {
    /** How many wait; those given may be the first of them only. */
    total: number;
    refused: string | null;
    busy: ReadonlySet<string>;
    /** Whose fingerprints somebody has compared, by id; ticking them is how one says so. */
    compared: ReadonlySet<string>;
    compare: (device: Device, isRight: boolean) => void;
    approveCompared: () => void;
    /** Where labels for them are printed. */
    labels: string;
    approve: (device: Device) => void;
    reject: (device: Device) => void;
  },
): TemplateResult | typeof nothing =>
  devices.length === 0
    ? nothing
    : html`<section class="card" aria-labelledby="pending-title">
        <header><h2 id="pending-title">Waiting for approval</h2>
          <span class="row">${badge({ shape: 'diamond', tone: 'warn', word: `${act.total} waiting` })}
            <a class="button small" href=${act.labels}>Print labels</a></span></header>
        <p class="small muted" style="padding:10px 16px 0">Approve a device only if this fingerprint is the one that
          <code>signalbeam-agent status</code> shows on it.</p>
        ${devices.map(
          (device) => html`<div class="pending-row">
            <div><a class="plain strong" data-item href="/devices/${encodeURIComponent(device.id)}">${device.name}</a>
              <div class="muted small">${device.platform?.hostname ?? ''} · ${device.platform?.os ?? ''} ${device.platform?.architecture ?? ''} · site ${device.site}</div></div>
            <div class="row tight"><div class="fingerprint">${device.fingerprint}</div>${compareBox(device, act)}</div>
            <div class="muted small nowrap">asked ${age(device.createdAt)}</div>
            <div class="row tight top">
              ${actionButton({ label: 'Approve', icon: 'check', look: 'primary small', refused: act.refused, busy: act.busy.has(device.id), run: () => act.approve(device) })}
              ${actionButton({ label: 'Reject', look: 'small danger', refused: act.refused, hushed: true, run: () => act.reject(device) })}
            </div>
          </div>`,
        )}
        ${
          act.total > devices.length
            ? html`<div class="list-foot muted small">The first ${devices.length} of ${act.total}; the others come up as these are dealt with.
              <code>signalbeam devices list --status pending --all</code> lists all.</div>`
            : nothing
        }
        ${approveBar(devices, act)}
      </section>`;
