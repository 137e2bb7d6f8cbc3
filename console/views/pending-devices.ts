/**
 * The waiting room. The fingerprint is the largest thing in a row, because comparing it with what
 * the device shows is the whole decision.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';

export const pendingDevices = (
  devices: readonly Device[],
  act: {
    refused: string | null;
    busy: ReadonlySet<string>;
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
          <span class="row">${badge({ shape: 'diamond', tone: 'warn', word: `${devices.length} waiting` })}
            <a class="button small" href=${act.labels}>Print labels</a></span></header>
        <p class="small muted" style="padding:10px 16px 0">Approve a device only if this fingerprint is the one that
          <code>signalbeam-agent status</code> shows on it.</p>
        ${devices.map(
          (device) => html`<div class="pending-row">
            <div><a class="plain strong" data-item href="/devices/${encodeURIComponent(device.id)}">${device.name}</a>
              <div class="muted small">${device.platform?.hostname ?? ''} · ${device.platform?.os ?? ''} ${device.platform?.architecture ?? ''} · site ${device.site}</div></div>
            <div><div class="fingerprint">${device.fingerprint}</div></div>
            <div class="muted small nowrap">asked ${age(device.createdAt)}</div>
            <div class="row tight top">
              ${actionButton({ label: 'Approve', icon: 'check', look: 'primary small', refused: act.refused, busy: act.busy.has(device.id), run: () => act.approve(device) })}
              ${actionButton({ label: 'Reject', look: 'small danger', refused: act.refused, hushed: true, run: () => act.reject(device) })}
            </div>
          </div>`,
        )}
      </section>`;
