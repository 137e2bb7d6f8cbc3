/** The facts of a device that rarely change, and which desired state it answers. */
import { html, nothing, type TemplateResult } from 'lit';
import { fullTimeOf } from '../data/format.ts';
import type { DesiredState, Device, Reported } from '../data/types.ts';

const generations = (
  desired: DesiredState | undefined,
  reported: Reported | null,
): TemplateResult => {
  const want = desired?.generation ?? 0;
  const have = reported?.generation ?? 0;
  if (want === 0) return html`<span class="muted">none yet</span>`;
  return want === have
    ? html`${want} <span class="muted">– the device has it</span>`
    : html`${want} <span class="tone-warn">– the device answers ${have}</span>`;
};

export const deviceFacts = (
  device: Device,
  desired: DesiredState | undefined,
  reported: Reported | null,
): TemplateResult => html`<section class="card" aria-labelledby="facts-title">
  <header><h2 id="facts-title">About</h2></header>
  <dl class="facts body">
    <dt>Hostname</dt><dd>${device.platform?.hostname ?? '–'}</dd>
    <dt>Platform</dt><dd>${device.platform?.os ?? ''} ${device.platform?.architecture ?? ''}</dd>
    <dt>Agent</dt><dd>${device.agentVersion}</dd>
    ${reported?.engine ? html`<dt>Engine</dt><dd>${reported.engine.kind} ${reported.engine.version}</dd>` : nothing}
    <dt>Desired state</dt><dd>${generations(desired, reported)}</dd>
    <dt>Fingerprint</dt><dd class="mono small">${device.fingerprint}</dd>
    <dt>Registered</dt><dd>${fullTimeOf(device.createdAt)}</dd>
    ${device.approvedAt === null ? nothing : html`<dt>Approved</dt><dd>${fullTimeOf(device.approvedAt)}</dd>`}
    <dt>Device id</dt><dd class="mono small muted">${device.id}</dd>
  </dl>
</section>`;
