/**
 * A new version: an image from those uploaded (or uploaded now), the common fields as a form, the
 * whole as JSON. The server validates as one types; each finding is shown at its field.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { type Draft, draftAt, dropDraft, keepDraft } from '../data/drafts.ts';
import { bytesOf, clockOf, imageName, shortDigest } from '../data/format.ts';
import type { ArtifactImage } from '../data/image-types.ts';
import type { ApiError, FieldError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import {
  changeFirst,
  type DraftField,
  findingsAt,
  firstContainer,
  nextVersion,
  portsFrom,
  syntaxFinding,
} from '../data/version-draft.ts';
import { actionButton } from '../ui/action.ts';
import { crumb } from '../ui/crumb.ts';
import { icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import './compose-import.ts';
import './image-upload.ts';
import { pathTo } from './paths.ts';

const validateAfterMs = 300;

const starter = (image: string) => [
  {
    name: 'web',
    image,
    environment: {},
    ports: [],
    mounts: [],
    restart: 'unless-stopped',
    healthCheck: null,
  },
];

const policies = ['unless-stopped', 'always', 'on-failure', 'no'];
/** What the JSON says is shown even when it is none of them: the finding below says so. */
const restarts = (written: string): string[] =>
  written === '' || policies.includes(written) ? policies : [written, ...policies];

class VersionPage extends LitElement {
  static override properties = {
    text: { state: true },
    findings: { state: true },
    checked: { state: true },
    error: { state: true },
    busy: { state: true },
    draft: { state: true },
  };
  app!: App;
  params: Params = {};
  text = JSON.stringify(starter(''), null, 2);
  findings: readonly FieldError[] = [];
  checked = false;
  error: ApiError | null = null;
  busy = false;
  /** Of an earlier visit, as it was then. */
  draft: Draft | null = null;
  #address = location.pathname + location.search;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bundle = createResource(this, () => this.app.api.bundle(this.#id));
  #images = createResource(this, () => this.app.api.artifacts());

  constructor() {
    super();
    // What is being written stays as it is; only the images to choose from are asked for again.
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#images.refresh(),
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
    this.draft = draftAt(this.#address);
    const containers = this.draft?.fields['containers'];
    if (containers !== undefined) {
      this.#show(containers);
      return;
    }
    const from = new URLSearchParams(location.search).get('from');
    if (from !== null) void this.#startFrom(from);
  }

  /** Throws away what was kept of an earlier visit. */
  #startAfresh(): void {
    dropDraft(this.#address);
    this.draft = null;
    this.querySelector('form')?.reset();
    const from = new URLSearchParams(location.search).get('from');
    if (from === null) this.#show(JSON.stringify(starter(''), null, 2));
    else void this.#startFrom(from);
  }

  async #startFrom(version: string): Promise<void> {
    try {
      const { containers } = await this.app.api.version(this.#id, version);
      this.#show(JSON.stringify(containers, null, 2));
    } catch (error) {
      this.error = asError(error);
    }
  }

  #edit(text: string): void {
    keepDraft(this.#address, { containers: text });
    this.#show(text);
  }

  #show(text: string): void {
    this.text = text;
    this.checked = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#validate(), validateAfterMs);
  }

  async #validate(): Promise<void> {
    const asked = this.text;
    let containers: unknown;
    try {
      containers = JSON.parse(asked);
    } catch (cause) {
      this.findings = [syntaxFinding(asked, cause)];
      this.checked = true;
      return;
    }
    try {
      const { errors } = await this.app.api.validate(containers);
      if (asked !== this.text) return;
      this.findings = errors;
      this.checked = true;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  /** Puts a field into the first container, keeping what the JSON says otherwise. */
  #set(change: Record<string, unknown>): void {
    const changed = changeFirst(this.text, change);
    if (changed === null)
      notify('bad', 'The JSON can’t be read, so the form could not change it. Mend it first.');
    else this.#edit(changed);
  }

  #setPorts(typed: string): void {
    const ports = portsFrom(typed);
    if (ports !== null) {
      this.#set({ ports });
      return;
    }
    this.findings = [
      ...this.findings,
      { path: 'containers[0].ports', message: `${typed} is not like 8090:8080 or 53:53/udp` },
    ];
    this.checked = true;
  }

  #uploaded(images: readonly ArtifactImage[]): void {
    this.#images.refresh();
    const reference = images[0]?.reference;
    if (reference !== undefined) this.#set({ image: reference });
  }

  async #publish(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const version = String(form.get('version')).trim();
    this.busy = true;
    try {
      await this.app.api.publish(
        this.#id,
        version,
        JSON.parse(this.text),
        String(form.get('notes')),
      );
      dropDraft(this.#address);
      notify('ok', `${version} is published and signed.`);
      this.app.navigate(pathTo.bundle(this.#id));
    } catch (error) {
      const failed = asError(error);
      this.findings = failed.errors;
      this.checked = failed.errors.length > 0;
      // What belongs to a field is said there; the rest has no other place.
      this.error = failed.errors.length > 0 ? null : failed;
    }
    this.busy = false;
  }

  /** The findings of one field, read out with it. */
  #errorsAt(field: DraftField): TemplateResult | typeof nothing {
    const found = this.checked ? findingsAt(this.findings, field) : [];
    if (found.length === 0) return nothing;
    return html`<ul class="field-errors" id="${field}-errors">${found.map(
      ({ path, message }) =>
        html`<li>${icon('circleAlert')}<span>${field === 'json' ? html`<code>${path}</code> ` : nothing}${message}</span></li>`,
    )}</ul>`;
  }

  #bad(field: DraftField): 'true' | typeof nothing {
    return this.checked && findingsAt(this.findings, field).length > 0 ? 'true' : nothing;
  }

  #imageField(chosen: string): TemplateResult {
    const images = this.#images.value ?? [];
    const elsewhere = chosen !== '' && !images.some(({ reference }) => reference === chosen);
    return html`<div class="field"><label for="image">Image of the first container</label>
        <select class="input" id="image" aria-invalid=${this.#bad('image')} aria-describedby="image-errors image-hint" @change=${(
          event: Event,
        ) => this.#set({ image: (event.target as HTMLSelectElement).value })}>
          <option value="" ?selected=${chosen === ''}>Choose an uploaded image…</option>
          ${elsewhere ? html`<option value=${chosen} selected>${imageName(chosen)} (named in the JSON)</option>` : nothing}
          ${images.map(
            (
              image,
            ) => html`<option value=${image.reference} ?selected=${image.reference === chosen}>
              ${imageName(image.reference)}${image.tags.length === 0 ? '' : ` ${image.tags.join(', ')}`} · ${shortDigest(image.reference)} · ${bytesOf(image.sizeBytes)}</option>`,
          )}</select>
        ${this.#errorsAt('image')}
        <span class="hint" id="image-hint">Or name one of a registry in the JSON, by digest: <code>registry/name@sha256:…</code></span></div>`;
  }

  #fields(): TemplateResult {
    const first = firstContainer(this.text) ?? { image: '', ports: '', restart: '' };
    return html`${this.#imageField(first.image)}
      <image-upload .app=${this.app} .name=${(this.#bundle.value?.name ?? 'image').toLowerCase()} @uploaded=${(
        event: CustomEvent<ArtifactImage[]>,
      ) => this.#uploaded(event.detail)}></image-upload>
      <div class="grid-2"><div class="field"><label for="ports">Ports, device:container</label>
        <input class="input mono" id="ports" placeholder="8090:8080" .value=${first.ports} aria-invalid=${this.#bad('ports')}
          aria-describedby="ports-errors" @change=${(event: Event) => this.#setPorts((event.target as HTMLInputElement).value)} />
        ${this.#errorsAt('ports')}</div>
      <div class="field"><label for="restart">Restart</label><select class="input" id="restart" aria-invalid=${this.#bad('restart')}
        aria-describedby="restart-errors" @change=${(event: Event) =>
          this.#set({ restart: (event.target as HTMLSelectElement).value })}>
        ${restarts(first.restart).map((policy) => html`<option ?selected=${policy === first.restart}>${policy}</option>`)}</select>
        ${this.#errorsAt('restart')}</div></div>`;
  }

  #verdict(): TemplateResult {
    if (!this.checked) return notice('idle', html`<p>Checked as you type.</p>`);
    const { length } = this.findings;
    if (length === 0) return notice('ok', html`<p>Valid: it can be published.</p>`);
    return notice(
      'bad',
      html`<p>${length === 1 ? 'One thing is wrong' : `${length} things are wrong`}; each is marked where it belongs.</p>`,
    );
  }

  #kept(): TemplateResult | typeof nothing {
    if (this.draft === null) return nothing;
    return notice(
      'info',
      html`<p>This is what you wrote at ${clockOf(this.draft.at, Date.now())} and did not publish.</p>
        <button type="button" class="button small" @click=${() => this.#startAfresh()}>Start afresh</button>`,
    );
  }

  #side(): TemplateResult {
    const keep = (event: Event): void => {
      const { name, value } = event.target as HTMLInputElement | HTMLTextAreaElement;
      keepDraft(this.#address, { [name]: value });
    };
    const kept = this.draft?.fields ?? {};
    const from = new URLSearchParams(location.search).get('from') ?? '';
    const refused =
      refusedByRole(this.app.user) ??
      (this.checked && this.findings.length > 0 ? 'Mend what is marked first.' : null);
    return html`<aside class="stack"><div class="field"><label for="version">Version</label>
        <input class="input" id="version" name="version" required placeholder="1.0.0" value=${kept['version'] ?? nextVersion(from)} @input=${keep} autocomplete="off"
          aria-invalid=${this.#bad('version')} aria-describedby="version-errors version-hint" />
        ${this.#errorsAt('version')}
        <span class="hint" id="version-hint">Semantic: 1.2.3 or 1.2.3-rc.1</span></div>
      <div class="field"><label for="notes">What changed</label><textarea class="input" id="notes" name="notes" rows="4" maxlength="2000" @input=${keep} .defaultValue=${kept['notes'] ?? ''}></textarea></div>
      <div aria-live="polite">${this.#verdict()}</div>${errorNotice(this.error)}
      ${
        refused === null
          ? html`<button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : nothing}>${this.busy ? 'Publishing…' : 'Publish'}</button>`
          : actionButton({ label: 'Publish', look: 'primary', refused, run: () => {} })
      }</aside>`;
  }

  protected override render() {
    const lines = Math.min(36, Math.max(14, this.text.split('\n').length + 1));
    return html`<div class="page">
      <div class="page-head"><div>${crumb(pathTo.bundle(this.#id), this.#bundle.value?.name ?? 'Bundle')}<h1>New version</h1>
        <p class="lead">Signed when it is published; it never changes afterwards.</p></div></div>
      ${errorNotice(this.#bundle.error ?? this.#images.error)}${this.#kept()}
      <form class="editor" @submit=${(event: SubmitEvent) => void this.#publish(event)}>
        <div class="card padded stack"><compose-import .app=${this.app} @containers=${(
          event: CustomEvent<unknown>,
        ) => this.#edit(JSON.stringify(event.detail, null, 2))}></compose-import>${this.#fields()}
          <div class="field"><label for="json">Containers, as JSON</label>
            <textarea class="input mono" id="json" rows=${lines} spellcheck="false" .value=${this.text} aria-invalid=${this.#bad('json')}
              aria-describedby="json-errors" @input=${(event: InputEvent) =>
                this.#edit((event.target as HTMLTextAreaElement).value)}></textarea>
            ${this.#errorsAt('json')}</div></div>
        ${this.#side()}</form></div>`;
  }
}
customElements.define('version-page', VersionPage);
