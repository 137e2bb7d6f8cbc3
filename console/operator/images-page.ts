/** Images that were uploaded, and each of them back as a file. A link is asked for when somebody wants it. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { bytesOf, shortDigest } from '../data/format.ts';
import type { StoredImage } from '../data/image-types.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import './image-upload.ts';
import { pathTo } from './paths.ts';

/** The address is a credential: it goes to the browser's download and is shown nowhere. */
const save = (url: string, fileName: string): void => {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.rel = 'noreferrer';
  link.click();
};

class ImagesPage extends LitElement {
  static override properties = { busy: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  /** The image that a link is being asked for. */
  busy: StoredImage | null = null;
  error: ApiError | null = null;
  #images = createResource(this, () => this.app.api.images());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#images.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #refused(): string | null {
    const { sites } = this.app.user;
    const everywhere = sites === null || sites === undefined;
    return (
      refusedByRole(this.app.user) ?? (everywhere ? null : 'Operators of every site may do this.')
    );
  }

  async #download(image: StoredImage): Promise<void> {
    this.busy = image;
    this.error = null;
    try {
      const { url, fileName } = await this.app.api.imageLink(image);
      save(url, fileName);
      notify('ok', `${fileName} is being downloaded.`);
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = null;
  }

  #row(image: StoredImage, refused: string | null): TemplateResult {
    const { name, digest, tags, platforms, sizeBytes, createdAt, createdBy } = image;
    return html`<tr><td><span class="mono">${name}</span><div class="small muted mono">${shortDigest(digest)}</div></td>
      <td>${tags.join(', ') || html`<span class="muted">no tag</span>`}</td>
      <td class="muted">${platforms.join(', ')}</td><td class="muted">${bytesOf(sizeBytes)}</td>
      <td class="muted wide">${age(createdAt)}<div class="small">by ${nameOfActor(createdBy)}</div></td>
      <td>${actionButton({
        ...{ label: 'Download', look: 'small', refused, hushed: true, busy: this.busy === image },
        run: () => void this.#download(image),
      })}</td></tr>`;
  }

  #list(images: readonly StoredImage[]): TemplateResult {
    if (images.length === 0) {
      return emptyState(
        'box',
        'No image yet',
        html`<p>Choose an archive above, or send one with <code>signalbeam images upload</code>.</p>`,
      );
    }
    const refused = this.#refused();
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Image</th><th scope="col">Tags</th><th scope="col">For</th><th scope="col">Size</th><th scope="col">Uploaded</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${images.map((image) => this.#row(image, refused))}</tbody></table></div>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#images;
    return html`<div class="page"><div class="page-head"><div>${crumb(pathTo.bundles(), 'Bundles')}<h1>Images</h1>
        <p class="lead">What was uploaded, by digest. Devices fetch it from here or from one another.</p></div></div>
      ${errorNotice(this.error)}
      ${this.#refused() === null ? html`<section class="card padded stack" aria-label="Upload"><image-upload .app=${this.app} @uploaded=${() => this.#images.refresh()}></image-upload></section>` : nothing}
      ${value === undefined ? loading(error, 4, refresh) : html`${errorNotice(error)}<section class="card" aria-label="Images">${this.#list(value)}</section>`}
      ${notice('info', html`<p>A download is an archive that <code>docker load</code> and <code>podman load</code> read. Each is in the audit log.</p>`)}</div>`;
  }
}
customElements.define('images-page', ImagesPage);
