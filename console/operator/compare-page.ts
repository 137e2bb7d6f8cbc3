/** Two versions of a bundle beside each other: what changed, and what it costs a device. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { bytesOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { BundleVersion, VersionDiff } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { type App, asError, followLive } from './app.ts';
import { versionWord } from './deprecated.ts';
import { pathTo } from './paths.ts';

type Kind = VersionDiff['containers'][number]['kind'];
const marks: Record<Kind, Mark> = {
  added: { shape: 'disc', tone: 'ok', word: 'added' },
  removed: { shape: 'cross', tone: 'bad', word: 'removed' },
  changed: { shape: 'diamond', tone: 'info', word: 'changed' },
  unchanged: { shape: 'ring', tone: 'idle', word: 'unchanged' },
};

class ComparePage extends LitElement {
  static override properties = {
    from: { state: true },
    to: { state: true },
    diff: { state: true },
    error: { state: true },
  };
  app!: App;
  params: Params = {};
  from = '';
  to = new URLSearchParams(location.search).get('to') ?? '';
  diff: VersionDiff | null = null;
  error: ApiError | null = null;
  #bundle = createResource(this, () => this.app.api.bundle(this.#id));
  #versions = createResource(this, async () => {
    const versions = await this.app.api.versions(this.#id);
    if (!versions.some(({ version }) => version === this.to)) this.to = versions[0]?.version ?? '';
    const at = versions.findIndex(({ version }) => version === this.to);
    this.from = (versions[at + 1] ?? versions[at])?.version ?? '';
    await this.#compare();
    return versions;
  });

  constructor() {
    super();
    // Versions never change.
    followLive(this, () => this.app, { topics: () => [], onEvent: () => {}, onResync: () => {} });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  async #compare(): Promise<void> {
    if (this.from === '' || this.to === '') return;
    const [from, to] = [this.from, this.to];
    try {
      const diff = await this.app.api.versionDiff(this.#id, from, to);
      if (from === this.from && to === this.to) this.diff = diff;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  #select(versions: readonly BundleVersion[], side: 'from' | 'to', label: string): TemplateResult {
    const chosen = versions.find(({ version }) => version === this[side]);
    return html`<div class="field"><label for=${side}>${label}</label>
      <select class="input" id=${side} @change=${(event: Event) => {
        this[side] = (event.target as HTMLSelectElement).value;
        void this.#compare();
      }}>${versions.map((one) => html`<option value=${one.version} ?selected=${one.version === this[side]}>${versionWord(one)}</option>`)}</select>
      ${chosen === undefined ? nothing : html`<span class="hint">${age(chosen.createdAt)}${chosen.createdBy ? ` by ${nameOfActor(chosen.createdBy)}` : ''}${chosen.releaseNotes ? html`: ${chosen.releaseNotes}` : nothing}</span>`}</div>`;
  }

  #container({ name, kind, fields }: VersionDiff['containers'][number]): TemplateResult {
    return html`<section class="card"><header><h2>${name}</h2>${badge(marks[kind])}</header>
      ${
        fields.length === 0
          ? nothing
          : html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>${fields.map(
          ({ path, before, after }) => html`<tr><td class="mono">${path}</td>
            <td class="wide mono">${before === null ? html`<span class="muted">none</span>` : html`<del>${before}</del>`}</td>
            <td class="wide mono">${after === null ? html`<span class="muted">none</span>` : html`<ins>${after}</ins>`}</td></tr>`,
        )}</tbody></table></div>`
      }</section>`;
  }

  #cost(diff: VersionDiff): TemplateResult {
    const { fetchBytes, unknownSizes, containers } = diff;
    if (containers.every(({ kind }) => kind === 'unchanged'))
      return notice('ok', html`<p>They say the same.</p>`);
    return notice(
      'info',
      html`<p>A device that has ${diff.from} fetches ${bytesOf(fetchBytes)} of uploaded images${
        unknownSizes.length === 0
          ? '.'
          : `, and ${unknownSizes.length} ${unknownSizes.length === 1 ? 'image' : 'images'} of a registry elsewhere, whose size is not known here.`
      }</p>`,
    );
  }

  protected override render() {
    const { value, error } = this.#versions;
    const { diff } = this;
    return html`<div class="page"><div class="page-head"><div>${crumb(pathTo.bundle(this.#id), this.#bundle.value?.name ?? 'Bundle')}<h1>Compare versions</h1></div></div>
      ${errorNotice(this.error ?? this.#bundle.error)}
      ${value === undefined ? loading(error, 4, () => this.#versions.refresh()) : nothing}
      ${value !== undefined && value.length === 0 ? html`<section class="card">${emptyState('layers', 'No version yet', html`<p>There is nothing to compare.</p>`)}</section>` : nothing}
      ${value === undefined || value.length === 0 ? nothing : html`<div class="grid-2">${this.#select(value, 'from', 'From')}${this.#select(value, 'to', 'To')}</div>`}
      ${diff === null ? nothing : html`<div aria-live="polite">${this.#cost(diff)}</div>${diff.containers.map((container) => this.#container(container))}`}</div>`;
  }
}
customElements.define('compare-page', ComparePage);
