/** The blocks of the technician's page: what they show is given to them. */
import { html, nothing, type TemplateResult } from 'lit';
import { bytesOf, spanOf } from '../data/format.ts';
import { containerMark, slotMark } from '../data/status.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge, bareMark, type Mark } from '../ui/glyph.ts';
import { icon } from '../ui/icons.ts';
import { notice } from '../ui/notice.ts';
import { failureDetail } from '../views/software.ts';
import type { LocalContainer, LocalDevice, LocalLink } from './types.ts';
import { backlogSentence, laneBacklog, laneWord, linkSentence } from './words.ts';

/** Where the link goes, hop by hop: the first cross is where to look. */
const hops = (link: LocalLink): TemplateResult => {
  const { leaf } = link.gateway;
  const up = link.state === 'connected';
  const hop = (word: string, ok: boolean, tone: Mark['tone'] = ok ? 'ok' : 'bad') =>
    html`<li class="hop">${bareMark({ shape: ok ? 'disc' : 'cross', tone, word })}</li>`;
  const throughLeaf =
    link.via !== 'leaf'
      ? nothing
      : leaf === null
        ? hop('Site’s leaf', up)
        : hop(leaf.running ? 'Leaf, run here' : 'Leaf, starting', leaf.running);
  return html`<ol class="hops" aria-label="Path to the cloud">${hop('This device', true)} ${throughLeaf} ${hop('Cloud', up)}</ol>`;
};

const lanes = (link: LocalLink): TemplateResult =>
  html`<ul class="lanes">${link.lanes.map(
    (lane) => html`<li><span class="strong">${laneWord(lane.lane)}</span>
    <span>${laneBacklog(lane)}${lane.oldestAt === null ? nothing : html`, oldest ${age(lane.oldestAt)}`}</span>
    <span class="muted small">${lane.lastAcknowledgedAt === null ? 'none confirmed yet' : html`confirmed ${age(lane.lastAcknowledgedAt)}`}</span></li>`,
  )}</ul>`;

export const linkCard = (link: LocalLink, now: number): TemplateResult => {
  const restarts = link.gateway.leaf?.restarts ?? 0;
  return html`<section class="card" aria-labelledby="link-title">
    <header><h2 id="link-title">Link to the cloud</h2><span class="muted small">${link.lastHeartbeatAt === null ? nothing : html`heartbeat ${age(link.lastHeartbeatAt)}`}</span></header>
    <div class="body stack">${hops(link)}<p>${linkSentence(link, now)}${link.state !== 'connected' && link.waiting !== '' ? ` ${link.waiting}` : ''}</p>
      ${restarts === 0 ? nothing : html`<p class="muted small">The leaf was started anew ${restarts} ${restarts === 1 ? 'time' : 'times'} since the agent began.</p>`}
      <div class="stack tight"><h3>Waiting to be sent</h3><p class="muted">${backlogSentence(link)}</p>${lanes(link)}</div></div></section>`;
};

export const softwareCard = (device: LocalDevice): TemplateResult | typeof nothing => {
  if (device.slots.length === 0) return nothing;
  return html`<section class="card" aria-labelledby="software-title"><header><h2 id="software-title">Software</h2>
      <span class="muted small">desired state ${device.generation}</span></header>
    <ul class="rows">${device.slots.map(
      (
        slot,
      ) => html`<li class="padded stack tight"><div class="row"><span class="grow strong">${slot.bundleName}</span>${badge(slotMark(slot.status))}</div>
        <dl class="pair"><dt>Wanted</dt><dd class="mono">${slot.version}</dd><dt>Running</dt><dd class="mono">${slot.runningVersion ?? html`<span class="muted">nothing</span>`}</dd></dl>
        ${failureDetail(slot.reason, slot.logTail)}</li>`,
    )}</ul></section>`;
};

const restarts = (count: number): string =>
  count === 0 ? 'no restarts' : `${count} ${count === 1 ? 'restart' : 'restarts'}`;

/** Stopped under the name of one that runs: the version before, kept until the new one is proved. */
const markOf = (container: LocalContainer, all: readonly LocalContainer[]): Mark =>
  container.state !== 'running' &&
  all.some(
    (other) =>
      other !== container &&
      other.name === container.name &&
      other.bundleName === container.bundleName,
  )
    ? { shape: 'bar', tone: 'idle', word: 'Kept, version before' }
    : containerMark(container);

export const containerRows = (
  containers: readonly LocalContainer[],
  open: (container: LocalContainer) => void,
): TemplateResult =>
  containers.length === 0
    ? html`<p class="muted padded">No container of SignalBeam runs here yet. An operator rolls a bundle out from the cloud.</p>`
    : html`<ul class="rows">${containers.map(
        (
          container,
        ) => html`<li><button type="button" class="row-button" @click=${() => open(container)}>
          <span class="grow"><span class="strong">${container.name}</span> <span class="muted small">${container.bundleName}</span>
            <span class="muted small facts-line">${container.startedAt === null ? 'never started' : html`started ${age(container.startedAt)}`} · ${restarts(container.restartCount)}</span></span>
          ${bareMark(markOf(container, containers))}<span class="log-hint muted small">Log${icon('chevronRight')}</span></button></li>`,
      )}</ul>`;

/** The waiting room, from the device's side: what the operator will compare. */
export const approvalCard = (device: LocalDevice): TemplateResult | typeof nothing => {
  if (device.registration !== 'pending') return nothing;
  const page = `${device.cloudUrl.replace(/\/$/, '')}/devices/${device.deviceId}`;
  void import('@awesome.me/webawesome/dist/components/qr-code/qr-code.js');
  return html`<section class="card" aria-labelledby="approval-title"><header><h2 id="approval-title">To be approved</h2></header>
    <div class="body stack"><p>An operator compares this fingerprint with the one in the cloud console, then approves.</p>
      <p class="fingerprint large">${device.fingerprint}</p>
      <div class="qr"><wa-qr-code value=${page} label="QR code of this device’s page in the cloud console" size="144" radius="0" fill="#000" background="#fff"></wa-qr-code>
        <p class="muted small">Scanned by an operator’s phone, this opens the device’s page in the cloud console.</p></div>
      ${notice('idle', html`<p>Nothing else is to be done here: the agent connects by itself as soon as it is approved.</p>`)}</div></section>`;
};

export const aboutCard = (
  device: LocalDevice,
  summary: { text: string; said: string; copy: () => void },
): TemplateResult => html`<section class="card" aria-labelledby="about-title"><header><h2 id="about-title">About</h2></header>
  <dl class="facts body"><dt>Site</dt><dd>${device.site}</dd><dt>Host</dt><dd>${device.hostname}</dd>
    <dt>Engine</dt><dd>${device.engine.reachable ? `${device.engine.kind} ${device.engine.version}` : device.registration === 'approved' ? 'none answers' : 'looked for once approved'}</dd>
    <dt>Agent</dt><dd>${device.agentVersion}, up ${spanOf(device.uptimeSeconds * 1_000)}</dd>
    <dt>Cloud</dt><dd>${device.cloudUrl}</dd>
    <dt>Fingerprint</dt><dd class="mono">${device.fingerprint}</dd><dt>Device id</dt><dd class="mono small muted">${device.deviceId}</dd></dl>
  <details class="summary"><summary>A summary to send when you call for help</summary>
    <div class="stack tight"><pre class="log" tabindex="0" role="group" aria-label="Summary of this device">${summary.text}</pre>
      ${actionButton({ label: summary.said === '' ? 'Copy summary' : summary.said, run: summary.copy })}
      <p class="muted small">${bytesOf(summary.text.length)} of text; no secrets are in it.</p></div></details></section>`;
