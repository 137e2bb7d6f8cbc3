/**
 * Choosing an archive and sending it: how far it is in parts and bytes, how to stop, and how to go on after
 * the page was loaded anew. The browser keeps no file for a page, so the same one is chosen again; what
 * was sent is not sent twice.
 */
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { bytesOf } from '../data/format.ts';
import type { ArtifactImage } from '../data/image-types.ts';
import type { ApiError } from '../data/request.ts';
import { partSizeOf, type UploadProgress, type UploadState } from '../data/upload-parts.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';

/** Kept with the tab's place in its own history: over a reload, and no longer than the tab. */
type Unfinished = { id: string; fileName: string };
const keep = (upload: Unfinished | null): void => history.replaceState(upload && { upload }, '');

const remembered = (): Unfinished | null => {
  const { id, fileName } = history.state?.upload ?? {};
  return typeof id === 'string' && typeof fileName === 'string' ? { id, fileName } : null;
};

const phases = {
  reading: 'Reading the file',
  sending: 'Sending',
  taking: 'Every part is there; the cloud looks at the whole',
};

const bytesOfParts = ({ sizeBytes, received }: UploadState): number =>
  received.reduce((sum, index) => sum + partSizeOf(sizeBytes, index), 0);

class ImageUpload extends LitElement {
  static override properties = {
    file: { state: true },
    progress: { state: true },
    unfinished: { state: true },
    error: { state: true },
  };
  app!: App;
  /** What the image is called; null takes the name from the archive. */
  name: string | null = null;
  file: File | null = null;
  progress: UploadProgress | null = null;
  unfinished: (Unfinished & { state: UploadState }) | null = null;
  error: ApiError | null = null;
  #stop: AbortController | null = null;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.abort();
  }

  /** What was begun before the page was loaded. */
  async #look(): Promise<void> {
    const before = remembered();
    if (before === null) return;
    try {
      this.unfinished = { ...before, state: await this.app.api.uploadState(before.id) };
    } catch (error) {
      if (asError(error).status === 404) this.#forget();
    }
  }

  #forget(): void {
    keep(null);
    this.unfinished = null;
  }

  async #upload(file: File): Promise<void> {
    this.error = null;
    this.file = file;
    this.#stop = new AbortController();
    try {
      const images = await this.app.api.uploadArchive(file, this.name, {
        signal: this.#stop.signal,
        onProgress: (progress) => {
          this.progress = progress;
        },
        onBegun: ({ id }) => {
          keep({ id, fileName: file.name });
          this.unfinished = null;
        },
      });
      this.#forget();
      notify('ok', `${file.name} is uploaded.`);
      this.dispatchEvent(new CustomEvent<ArtifactImage[]>('uploaded', { detail: images }));
    } catch (error) {
      this.error = asError(error);
      // What the cloud refused is not there to be gone on with, unless it is only a part that failed.
      await this.#look();
    }
    this.file = null;
    this.progress = null;
  }

  async #giveUp(id: string): Promise<void> {
    try {
      await this.app.api.giveUpUpload(id);
      this.#forget();
    } catch (error) {
      this.error = asError(error);
      if (this.error.status === 404) this.#forget();
    }
  }

  #under(file: File, progress: UploadProgress): TemplateResult {
    const { phase, bytes, parts } = progress;
    const count = Math.ceil(file.size / uploadPartBytes);
    const share = file.size === 0 ? 1 : bytes / file.size;
    return html`<div class="stack" role="group" aria-label="Upload of ${file.name}">
      <progress max="1" .value=${share} aria-label=${phases[phase]}></progress>
      <span class="hint">${phases[phase]}: ${bytesOf(bytes)} of ${bytesOf(file.size)}${phase === 'sending' ? html`, ${parts} of ${count} parts are there` : nothing}.</span>
      <div><button type="button" class="button small" @click=${() => this.#stop?.abort()}>Stop</button></div></div>`;
  }

  #before({ id, fileName, state }: Unfinished & { state: UploadState }): TemplateResult {
    return notice(
      'info',
      html`<div class="stack tight"><p><strong>${fileName}</strong> is not finished: ${state.received.length} of ${state.partCount} parts
        (${bytesOf(bytesOfParts(state))} of ${bytesOf(state.sizeBytes)}) are there. Choose the same file to go on.</p>
        <div><button type="button" class="button small" @click=${() => void this.#giveUp(id)}>Give it up</button></div></div>`,
    );
  }

  protected override render() {
    const { file, progress, unfinished } = this;
    return html`${errorNotice(this.error)}${unfinished === null ? nothing : this.#before(unfinished)}
      <div class="field"><label for="archive">Upload an image archive</label>
        <input class="input" id="archive" type="file" aria-describedby="archive-hint" ?disabled=${file !== null} @change=${(
          event: Event,
        ) => {
          const input = event.target as HTMLInputElement;
          const chosen = input.files?.[0];
          // So that choosing the same file again is heard.
          if (chosen) void this.#upload(chosen).then(() => (input.value = ''));
        }} /><span class="hint" id="archive-hint">An OCI archive, or what <code>docker save</code> writes.</span></div>
      ${file === null || progress === null ? nothing : this.#under(file, progress)}
      <div class="visually-hidden" role="status">${progress === null ? nothing : `${phases[progress.phase]}.`}</div>`;
  }
}
customElements.define('image-upload', ImageUpload);
