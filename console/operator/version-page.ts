/**
 * A new version: an image from those uploaded (or uploaded now), the common fields as a form, the
 * whole as JSON. The server validates as one types; its findings are shown with their paths.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { bytesOf, imageName } from '../data/format.ts';
import type { ApiError, FieldError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, refusedByRole } from './app.ts';
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

class VersionPage extends LitElement {
  static override properties = {
    text: { state: true },
    findings: { state: true },
    checked: { state: true },
    error: { state: true },
    progress: { state: true },
    busy: { state: true },
  };
  app!: App;
  params: Params = {};
  text = JSON.stringify(starter(''), null, 2);
  findings: readonly FieldError[] = [];
  checked = false;
  error: ApiError | null = null;
  progress = '';
  busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bundle = createResource(this, () => this.app.api.bundle(this.#id));
  #images = createResource(this, () => this.app.api.artifacts());

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const from = new URLSearchParams(location.search).get('from');
    if (from !== null) void this.#startFrom(from);
  }

  async #startFrom(version: string): Promise<void> {
    try {
      const { containers } = await this.app.api.version(this.#id, version);
      this.#edit(JSON.stringify(containers, null, 2));
    } catch (error) {
      this.error = asError(error);
    }
  }

  #edit(text: string): void {
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
      this.findings = [
        { path: 'JSON', message: cause instanceof Error ? cause.message : 'not JSON' },
      ];
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
  #set(change: (container: Record<string, unknown>) => void): void {
    try {
      const containers = JSON.parse(this.text) as Record<string, unknown>[];
      const [first] = containers;
      if (first === undefined) return;
      change(first);
      this.#edit(JSON.stringify(containers, null, 2));
    } catch {
      notify('bad', 'The JSON is not valid, so the form could not change it. Mend it first.');
    }
  }

  async #upload(file: File): Promise<void> {
    this.error = null;
    const name = (this.#bundle.value?.name ?? 'image').toLowerCase();
    try {
      const { images } = await this.app.api.uploadArchive(
        name,
        file,
        (sent, total) => {
          this.progress = `${bytesOf(sent)} of ${bytesOf(total)}`;
        },
        AbortSignal.timeout(3_600_000),
      );
      this.#images.refresh();
      const reference = images[0]?.reference;
      if (reference !== undefined)
        this.#set((container) => Object.assign(container, { image: reference }));
      notify('ok', `${file.name} is uploaded.`);
    } catch (error) {
      this.error = asError(error);
    }
    this.progress = '';
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
      notify('ok', `${version} is published and signed.`);
      this.app.navigate(pathTo.bundle(this.#id));
    } catch (error) {
      this.error = asError(error);
      this.findings = this.error.errors;
    }
    this.busy = false;
  }

  #fields(): TemplateResult {
    const images = this.#images.value ?? [];
    const port = (event: Event) => {
      const [hostPort, containerPort] = (event.target as HTMLInputElement).value
        .split(':')
        .map(Number);
      this.#set((container) =>
        Object.assign(container, {
          ports: hostPort && containerPort ? [{ hostPort, containerPort }] : [],
        }),
      );
    };
    return html`<div class="field"><label for="image">Image of the first container</label>
        <select class="input" id="image" @change=${(event: Event) =>
          this.#set((container) =>
            Object.assign(container, { image: (event.target as HTMLSelectElement).value }),
          )}>
          <option value="">Choose an uploaded image…</option>
          ${images.map((image) => html`<option value=${image.reference}>${imageName(image.reference)} (${bytesOf(image.sizeBytes)})</option>`)}</select>
        <span class="hint">Or name one of a registry by digest in the JSON: <code>registry/name@sha256:…</code></span></div>
      <div class="field"><label for="archive">Upload an image archive</label>
        <input class="input" id="archive" type="file" @change=${(event: Event) => {
          const file = (event.target as HTMLInputElement).files?.[0];
          if (file) void this.#upload(file);
        }} /><span class="hint" role="status">${this.progress || 'An OCI archive, or what docker save writes.'}</span></div>
      <div class="grid-2"><div class="field"><label for="port">Port on the device : in the container</label>
        <input class="input" id="port" placeholder="8090:8080" pattern="[0-9]+:[0-9]+" @change=${port} /></div>
      <div class="field"><label for="restart">Restart</label><select class="input" id="restart" @change=${(
        event: Event,
      ) =>
        this.#set((container) =>
          Object.assign(container, { restart: (event.target as HTMLSelectElement).value }),
        )}>
        ${['unless-stopped', 'always', 'on-failure', 'no'].map((policy) => html`<option>${policy}</option>`)}</select></div></div>`;
  }

  #verdict(): TemplateResult {
    if (!this.checked) return notice('idle', html`<p>Checked as you type.</p>`);
    if (this.findings.length === 0) return notice('ok', html`<p>Valid: it can be published.</p>`);
    return notice(
      'bad',
      html`<ul>${this.findings.map(({ path, message }) => html`<li><code>${path}</code> ${message}</li>`)}</ul>`,
    );
  }

  protected override render() {
    const refused =
      refusedByRole(this.app.user) ??
      (this.checked && this.findings.length > 0 ? 'Mend what is listed first.' : null);
    return html`<div class="page"><div class="crumb"><a href=${pathTo.bundles()}>Bundles</a> / <a href=${pathTo.bundle(this.#id)}>${this.#bundle.value?.name ?? 'Bundle'}</a></div>
      <div class="page-head"><div><h1>New version</h1><p class="lead">Signed when it is published; it never changes afterwards.</p></div></div>
      ${errorNotice(this.error)}
      <form class="editor" @submit=${(event: SubmitEvent) => void this.#publish(event)}>
        <div class="stack">${this.#fields()}
          <div class="field"><label for="json">Containers, as JSON</label>
            <textarea class="input mono" id="json" rows="22" spellcheck="false" .value=${this.text}
              @input=${(event: InputEvent) => this.#edit((event.target as HTMLTextAreaElement).value)}></textarea></div></div>
        <aside class="stack"><div class="field"><label for="version">Version</label>
            <input class="input" id="version" name="version" required placeholder="1.0.0" autocomplete="off" />
            <span class="hint">Semantic: 1.2.3 or 1.2.3-rc.1</span></div>
          <div class="field"><label for="notes">What changed</label><textarea class="input" id="notes" name="notes" rows="4"></textarea></div>
          <div aria-live="polite">${this.#verdict()}</div>
          ${refused === null ? html`<button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : nothing}>Publish</button>` : actionButton({ label: 'Publish', look: 'primary', refused, run: () => {} })}
        </aside></form></div>`;
  }
}
customElements.define('version-page', VersionPage);
