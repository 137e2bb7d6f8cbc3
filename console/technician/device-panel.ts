/**
 * The technician's one page: this device, its containers and their logs, its link and what waits
 * behind it. Reading is open on the LAN; looking again needs a code from the device itself.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { spanOf } from '../data/format.ts';
import { type Ask, createAsk } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { containerMark, severityMark, slotMark } from '../data/status.ts';
import { createStream, type LinkState } from '../data/stream.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { dialog, drawer } from '../ui/dialog.ts';
import { badge, bareMark } from '../ui/glyph.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import '../ui/link-pill.ts';
import '../ui/theme-switch.ts';
import type {
  LocalContainer,
  LocalDevice,
  LocalEvent,
  LocalLink,
  LocalLog,
  LocalSession,
} from './types.ts';
import { backlogSentence, deviceVerdict, linkSentence } from './words.ts';

class DevicePanel extends LitElement {
  static override properties = {
    live: { state: true },
    signingIn: { state: true },
    refusal: { state: true },
    logsOf: { state: true },
    lines: { state: true },
  };
  live: LinkState = { kind: 'connecting', dataFrom: null };
  signingIn = false;
  refusal = '';
  logsOf: LocalContainer | null = null;
  lines: LocalLog[] = [];
  #ask: Ask = createAsk({ onSignedOut: () => this.#session.refresh() });
  #device = createResource(this, () => this.#ask<LocalDevice>('GET', '/api/local/device'));
  #link = createResource(this, () => this.#ask<LocalLink>('GET', '/api/local/link'));
  #containers = createResource(
    this,
    async () =>
      (await this.#ask<{ containers: LocalContainer[] }>('GET', '/api/local/containers'))
        .containers,
  );
  #events = createResource(
    this,
    async () =>
      (await this.#ask<{ events: LocalEvent[] }>('GET', '/api/local/events?limit=30')).events,
  );
  #session = createResource(this, () => this.#ask<LocalSession>('GET', '/api/local/session'));

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const stream = createStream('/api/local/stream');
    stream.onState((state) => {
      this.live = state;
    });
    stream.onEvent(() => this.#refresh());
    stream.onResync(() => this.#refresh());
    stream.listen(['device', 'containers', 'link']);
  }

  #refresh(): void {
    for (const part of [this.#device, this.#link, this.#containers, this.#events]) part.refresh();
    if (this.logsOf !== null) void this.#readLogs(this.logsOf);
  }

  async #readLogs(container: LocalContainer): Promise<void> {
    this.logsOf = container;
    const bundle = encodeURIComponent(container.bundleName);
    try {
      const path = `/api/local/containers/${encodeURIComponent(container.name)}/logs?tail=200&bundle=${bundle}`;
      this.lines = (await this.#ask<{ lines: LocalLog[] }>('GET', path)).lines;
    } catch (error) {
      this.lines = [
        {
          at: Date.now(),
          stream: 'stderr',
          text: error instanceof Error ? error.message : String(error),
        },
      ];
    }
  }

  async #signIn(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget as HTMLFormElement).get('code'))
      .trim()
      .toUpperCase();
    try {
      await this.#ask('POST', '/api/local/session', { code });
      this.signingIn = false;
      this.refusal = '';
      this.#session.refresh();
    } catch (error) {
      this.refusal = error instanceof Error ? error.message : String(error);
    }
  }

  async #reconcile(): Promise<void> {
    try {
      await this.#ask('POST', '/api/local/reconcile');
      notify('ok', 'Looking at every container now.');
      this.#refresh();
    } catch (error) {
      notify('bad', error instanceof Error ? error.message : String(error));
    }
  }

  #hero(device: LocalDevice, link: LocalLink): TemplateResult {
    const { mark, sentence } = deviceVerdict(device, link);
    const signedIn = this.#session.value?.signedIn === true;
    return html`<section class="card hero tone-${mark.tone}"><div class="row">${badge(mark)}<span class="grow"></span>
        ${
          signedIn
            ? html`<span class="muted small">signed in</span>`
            : html`<button type="button" class="button" @click=${() => {
                this.signingIn = true;
              }}>Sign in</button>`
        }</div>
      <h1>${device.name}</h1><p class="headline">${sentence}</p>
      ${actionButton({
        label: 'Look again now',
        icon: 'refresh',
        look: 'primary',
        refused: signedIn ? null : 'Sign in with a code from this device first.',
        run: () => void this.#reconcile(),
      })}</section>`;
  }

  #path(link: LocalLink): TemplateResult {
    const leaf = link.gateway.leaf;
    const up = link.state === 'connected';
    const step = (word: string, ok: boolean) =>
      html`<li class="hop ${ok ? 'tone-ok' : 'tone-bad'}">${bareMark({ shape: ok ? 'disc' : 'cross', tone: ok ? 'ok' : 'bad', word })}</li>`;
    return html`<section class="card stack padded" aria-labelledby="link-title"><h2 id="link-title">Link</h2>
      <ol class="hops">${step('This device', true)}
        ${link.via === 'leaf' ? step(leaf === null ? 'Leaf of the site' : leaf.running ? 'Leaf, run here' : 'Leaf, starting', leaf === null ? link.state !== 'offline' : leaf.running) : nothing}
        ${step('Cloud', up)}</ol>
      <p>${linkSentence(link, Date.now())}</p>
      ${link.lanes.map((lane) => {
        const sentence = backlogSentence(lane, link, Date.now());
        return sentence === '' ? nothing : notice(up ? 'idle' : 'warn', html`<p>${sentence}</p>`);
      })}
      ${link.lanes.every(({ backlogRows }) => backlogRows === 0) ? html`<p class="muted small">Nothing waits to be sent.</p>` : nothing}</section>`;
  }

  #containerList(): TemplateResult {
    const { value, error } = this.#containers;
    if (value === undefined) return loading(error, 2);
    if (value.length === 0)
      return html`<p class="muted padded">No container of SignalBeam runs here yet. An operator rolls a bundle out from the cloud.</p>`;
    return html`<ul class="rows">${value.map(
      (
        container,
      ) => html`<li><button type="button" class="row-button" @click=${() => void this.#readLogs(container)}>
        <span class="grow"><span class="strong">${container.name}</span> <span class="muted small">${container.bundleName}</span></span>
        ${bareMark(containerMark(container))}<span class="muted small">${container.startedAt === null ? '' : age(container.startedAt)}</span></button></li>`,
    )}</ul>`;
  }

  #software(device: LocalDevice): TemplateResult | typeof nothing {
    if (device.slots.length === 0) return nothing;
    return html`<section class="card stack padded" aria-labelledby="software"><h2 id="software">Software</h2>
      ${device.slots.map(
        (
          slot,
        ) => html`<div class="row"><span class="grow strong">${slot.bundleName} ${slot.version}</span>${badge(slotMark(slot.status))}</div>
        ${slot.reason === null ? nothing : html`<p class="tone-bad small">${slot.reason}</p>`}
        ${slot.logTail.length === 0 ? nothing : html`<div class="log" tabindex="0" role="region" aria-label="Last log lines">${slot.logTail.join('\n')}</div>`}`,
      )}</section>`;
  }

  #eventList(): TemplateResult {
    const events = this.#events.value ?? [];
    return html`<section class="card" aria-labelledby="events"><h2 id="events" class="padded">What happened</h2>
      ${
        events.length === 0
          ? html`<p class="muted padded">Nothing since the agent started.</p>`
          : html`<ul class="rows">${events.map((event) => {
              const body = event.body ?? {
                type: event.type ?? '',
                severity: event.severity ?? 'info',
                message: event.message ?? '',
              };
              return html`<li class="padded row">${bareMark(severityMark(body.severity))}<span class="grow">${body.message}</span><span class="muted small">${age(event.at)}</span></li>`;
            })}</ul>`
      }</section>`;
  }

  #dialogs(): TemplateResult {
    return html`${dialog({
      label: 'Sign in at this device',
      open: this.signingIn,
      onClose: () => {
        this.signingIn = false;
      },
      body: () => html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#signIn(event)}>
        <p>On the device, run <code>signalbeam-agent console-code</code> and enter the code it prints. It works once.</p>
        ${this.refusal === '' ? nothing : html`<div role="alert">${notice('bad', html`<p>${this.refusal}</p>`)}</div>`}
        <div class="field"><label for="code">Code</label><input class="input mono" id="code" name="code" required autocomplete="one-time-code" autocapitalize="characters" autofocus /></div>
        <div class="dialog-actions"><button type="submit" class="button primary">Sign in</button></div></form>`,
    })}${drawer({
      label: this.logsOf === null ? 'Logs' : `Logs of ${this.logsOf.name}`,
      open: this.logsOf !== null,
      onClose: () => {
        this.logsOf = null;
      },
      body: () => html`<div class="row"><button type="button" class="button" @click=${() => this.logsOf && void this.#readLogs(this.logsOf)}>Read again</button></div>
        <div class="log" tabindex="0" role="region" aria-label="Log lines">${this.lines.map(({ text }) => text).join('\n') || 'It has written nothing yet.'}</div>`,
    })}`;
  }

  protected override render() {
    const device = this.#device.value;
    const link = this.#link.value;
    return html`<header class="top"><span class="brand"><img src="/favicon.svg" alt="" width="22" height="22" /> SignalBeam <b>Edge</b></span><span class="grow"></span>
        <link-pill .state=${this.live}></link-pill><theme-switch></theme-switch></header>
      <main class="page">${
        device === undefined || link === undefined
          ? loading(this.#device.error ?? this.#link.error, 4)
          : html`
        ${errorNotice(this.#device.error)}${this.#hero(device, link)}${this.#path(link)}
        <section class="card" aria-labelledby="containers"><h2 id="containers" class="padded">Containers</h2>${this.#containerList()}</section>
        ${this.#software(device)}${this.#eventList()}
        <section class="card padded"><h2>About</h2><dl class="facts"><dt>Site</dt><dd>${device.site}</dd><dt>Host</dt><dd>${device.hostname}</dd>
          <dt>Engine</dt><dd>${device.engine.reachable ? `${device.engine.kind} ${device.engine.version}` : 'none answers'}</dd>
          <dt>Agent</dt><dd>${device.agentVersion}, up ${spanOf(device.uptimeSeconds * 1_000)}</dd><dt>Fingerprint</dt><dd class="mono">${device.fingerprint}</dd></dl></section>`
      }
      </main>${this.#dialogs()}<toast-stack></toast-stack>`;
  }
}
customElements.define('device-panel', DevicePanel);
