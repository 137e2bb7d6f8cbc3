/**
 * `/devices/:id/logs`: what a container writes, live from the device, while this page is open. Pausing
 * holds the view still; lines go on coming and wait unseen. Bounded like the session behind it.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { fullTimeOf } from '../data/format.ts';
import {
  addEntries,
  asText,
  type LogLine,
  type LogLines,
  matching,
  newestAt,
  noLines,
  noteOf,
} from '../data/log-lines.ts';
import { followLog, type LogEnd, type LogState } from '../data/log-stream.ts';
import { createResource } from '../data/resource.ts';
import type { Reported, ReportedContainer } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import type { Params } from '../ui/match.ts';
import { withQuery } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { type App, followLive } from './app.ts';
import { pathTo } from './paths.ts';

const tail = 500;
const asked = (name: string): string => new URLSearchParams(location.search).get(name) ?? '';

class LogsPage extends LitElement {
  static override properties = {
    container: { state: true },
    bundle: { state: true },
    held: { state: true },
    shown: { state: true },
    state: { state: true },
    words: { state: true },
    wraps: { state: true },
    times: { state: true },
    sticks: { state: true },
  };
  app!: App;
  params: Params = {};
  container = asked('container');
  bundle = asked('bundle');
  held: LogLines = noLines;
  /** What the view was paused at; null while it is not. */
  shown: LogLines | null = null;
  state: LogState = { kind: 'opening' };
  words = '';
  wraps = true;
  times = false;
  /** Keeps the newest line in sight until the person scrolls up. */
  sticks = true;
  /** The lines that were there when the stream was opened. */
  #before: LogLines['lines'] = [];
  #leave: (() => void) | null = null;
  #device = createResource(this, () => this.app.api.device(this.#id));
  #reported = createResource<Reported | null>(this, async () => {
    const { reportedAt } = await this.app.api.device(this.#id);
    const reported = reportedAt === null ? null : await this.app.api.reported(this.#id);
    this.#chooseOnly(reported?.containers ?? []);
    return reported;
  });

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [`device:${this.#id}`],
      onEvent: ({ type }) => {
        if (type === 'reported') this.#reported.refresh();
      },
      onResync: () => this.#reported.refresh(),
    });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.container !== '') this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave?.();
    this.#leave = null;
  }

  /** Who came without saying which, where there is only one. */
  #chooseOnly([only, other]: readonly ReportedContainer[]): void {
    if (this.container === '' && only !== undefined && other === undefined) {
      this.#choose(only.bundleName, only.name);
    }
  }

  #choose(bundle: string, container: string): void {
    Object.assign(this, { bundle, container, held: noLines, shown: null, sticks: true });
    this.app.replace(withQuery(location.pathname, location.search, { bundle, container }));
    this.#open();
  }

  #open(): void {
    this.#leave?.();
    this.#leave = null;
    if (this.app.user.role === 'viewer') return;
    const { container, bundle } = this;
    this.#leave = followLog(
      { deviceId: this.#id, container, bundle, tail },
      {
        state: (state) => {
          if (state.kind === 'opening' || state.kind === 'again') this.#before = this.held.lines;
          this.state = state;
        },
        entries: (entries) => {
          this.held = addEntries(this.held, entries, this.#before);
        },
        renew: () =>
          this.app.api.device(this.#id).then(
            () => true,
            () => false,
          ),
      },
    );
  }

  protected override updated(): void {
    const name = this.#device.value?.name;
    if (name !== undefined) this.app.entitle(`Log of ${this.container || name}`);
    const box = this.querySelector('.log-lines');
    if (box !== null && this.sticks && this.shown === null) box.scrollTop = box.scrollHeight;
  }

  /** Scrolled by a person: what grows, or is turned on its side, is still looked at from its end. */
  readonly #scrolled = (event: Event): void => {
    const { scrollHeight, clientHeight, scrollTop } = event.currentTarget as HTMLElement;
    const size = `${scrollHeight} ${clientHeight}`;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 24;
    if (isAtEnd) this.sticks = true;
    else if (size === this.#size) this.sticks = false;
    else if (this.sticks) this.requestUpdate();
    this.#size = size;
  };
  #size = '';

  readonly #pause = (): void => {
    this.shown = this.shown === null ? this.held : null;
  };

  readonly #download = (): void => {
    const url = URL.createObjectURL(
      new Blob([asText((this.shown ?? this.held).lines)], { type: 'text/plain' }),
    );
    const link = document.createElement('a');
    link.href = url;
    const name = `${this.#device.value?.name ?? 'device'}-${this.container}`;
    link.download = `${name.replaceAll(/[^\w.-]+/g, '_')}.log`;
    link.click();
    URL.revokeObjectURL(url);
  };

  #chooser(containers: readonly ReportedContainer[]): TemplateResult {
    const named = [...new Set(containers.map((each) => `${each.bundleName}/${each.name}`))];
    const now = `${this.bundle}/${this.container}`;
    const all = this.container === '' || named.includes(now) ? named : [now, ...named];
    return html`<div class="field"><label for="which">Container</label>
      <select class="input" id="which" @change=${(event: Event) => {
        const [bundle = '', container = ''] = (event.target as HTMLSelectElement).value.split('/');
        if (container !== '') this.#choose(bundle, container);
      }}>${this.container === '' ? html`<option value="" selected>Choose…</option>` : nothing}
        ${all.map((each) => html`<option value=${each} ?selected=${each === now}>${each.replace('/', ' / ')}</option>`)}</select></div>`;
  }

  #toggle(label: string, isOn: boolean, run: () => void): TemplateResult {
    return html`<button type="button" class="button" aria-pressed=${isOn} @click=${run}>${label}</button>`;
  }

  #controls(containers: readonly ReportedContainer[]): TemplateResult {
    const waiting = this.shown === null ? 0 : this.held.nextId - this.shown.nextId;
    return html`<div class="log-controls">
      ${this.#chooser(containers)}
      <div class="field"><label for="words">Filter</label>
        <input class="input" id="words" type="search" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="words in a line"
          @input=${(event: Event) => {
            this.words = (event.target as HTMLInputElement).value;
          }} /></div>
      <div class="row" role="group" aria-label="View">
        ${this.#toggle(waiting === 0 ? 'Pause' : `Paused, ${waiting} new`, this.shown !== null, this.#pause)}
        ${this.#toggle('Wrap', this.wraps, () => {
          this.wraps = !this.wraps;
        })}
        ${this.#toggle('Times', this.times, () => {
          this.times = !this.times;
        })}
        <button type="button" class="button" @click=${this.#download}>Download</button>
      </div></div>`;
  }

  #says(): TemplateResult {
    const newest = newestAt(this.held);
    const words = {
      opening: 'Asking the device…',
      again: 'The line broke; trying again…',
      live: 'Live.',
      ended: 'Not live any more.',
      refused: 'Not live.',
    }[this.state.kind];
    return html`<p class="small muted"><span role="status">${words}</span>${newest === null ? nothing : html` Newest line ${age(newest)}.`}${
      this.held.gone === 0
        ? nothing
        : html` ${this.held.gone} older ${this.held.gone === 1 ? 'line' : 'lines'} not held here.`
    }</p>`;
  }

  #end({ reason, says, lastSeenAt, lastFailure }: LogEnd): TemplateResult {
    const isBad = reason !== 'complete' && reason !== 'time-is-up';
    return html`<div role="alert">${notice(
      isBad ? 'warn' : 'info',
      html`<p>${says}${lastSeenAt == null ? nothing : html` Last seen ${age(lastSeenAt)}.`}</p>
        ${
          lastFailure == null
            ? nothing
            : html`<p>The last lines kept, of a failure ${age(lastFailure.at)}: ${lastFailure.message}</p>
              <pre class="log" tabindex="0" role="region" aria-label="Last lines kept">${lastFailure.lines.join('\n')}</pre>`
        }
        <p><button type="button" class="button" @click=${() => this.#open()}>Open again</button></p>`,
    )}</div>`;
  }

  #line({ entry }: LogLine): TemplateResult {
    if (!('text' in entry)) return html`<div class="log-note">${noteOf(entry)}</div>`;
    return html`<div class=${entry.output === 'stderr' ? 'log-err' : ''}>${
      this.times
        ? html`<time class="log-time" title=${fullTimeOf(entry.at)}>${entry.at.slice(11, 23)}</time>`
        : nothing
    }${entry.output === 'stderr' ? html`<span class="visually-hidden">stderr: </span>` : nothing}${entry.text}</div>`;
  }

  #lines(): TemplateResult {
    const { lines } = this.shown ?? this.held;
    const found = matching(lines, this.words);
    const none =
      lines.length > 0
        ? 'No line has all of these words.'
        : this.state.kind === 'live'
          ? 'It has written nothing yet.'
          : '';
    return html`<div class="log-frame">
      <div class="log log-lines ${this.wraps ? '' : 'unwrapped'}" tabindex="0" role="region" aria-label="Log lines" @scroll=${this.#scrolled}>${
        found.length === 0
          ? html`<span class="muted">${none}</span>`
          : repeat(
              found,
              ({ id }) => id,
              (line) => this.#line(line),
            )
      }</div>
      ${
        this.sticks || this.shown !== null
          ? nothing
          : html`<button type="button" class="button log-newest" @click=${() => {
              this.sticks = true;
            }}>Newest</button>`
      }</div>`;
  }

  #body(): TemplateResult {
    const { value: reported, error } = this.#reported;
    if (this.app.user.role === 'viewer') {
      return notice(
        'info',
        html`<p>A log may hold secrets that a program prints. Operators and admins look at logs; each time is in the audit log.</p>`,
      );
    }
    if (reported === undefined) return loading(error, 3, this.#reported.refresh);
    const containers = reported?.containers ?? [];
    if (this.container === '' && containers.length === 0) {
      return html`<section class="card">${emptyState('fileText', 'No container', html`<p>The device runs no container of ours, so there is no log.</p>`)}</section>`;
    }
    return html`${this.#controls(containers)}
      ${
        this.container === ''
          ? nothing
          : html`${this.#says()}
        ${this.state.kind === 'ended' ? this.#end(this.state.end) : nothing}
        ${this.state.kind === 'refused' ? errorNotice(this.state.error) : nothing}
        ${this.#lines()}`
      }`;
  }

  protected override render() {
    const name = this.#device.value?.name ?? 'Device';
    return html`<div class="page">
      <div class="page-head"><div>${crumb(pathTo.device(this.#id), name)}<h1>${this.container === '' ? 'Logs' : `Log of ${this.container}`}</h1></div></div>
      ${errorNotice(this.#device.error)}
      ${this.#body()}</div>`;
  }
}
customElements.define('logs-page', LogsPage);
