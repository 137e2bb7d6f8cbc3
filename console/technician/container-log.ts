/**
 * `<container-log>`: the log of one container in a drawer, its last lines and each new one as it is
 * written. Bounded: the oldest lines leave first, and what the device had to skip is said.
 */
import { html, LitElement, nothing } from 'lit';
import type { ServerEvent } from '../data/sse.ts';
import { createStream, type LinkState, type LiveStream } from '../data/stream.ts';
import { copyText } from '../ui/clipboard.ts';
import { drawer } from '../ui/dialog.ts';
import { notice } from '../ui/notice.ts';
import type { LocalContainer, LocalLog } from './types.ts';

/** More than a person scrolls through on a phone. */
const linesMax = 1_000;
const tail = 300;

class ContainerLog extends LitElement {
  static override properties = {
    container: { attribute: false },
    lines: { state: true },
    ended: { state: true },
    skipped: { state: true },
    link: { state: true },
    said: { state: true },
    follow: { state: true },
  };
  container: LocalContainer | null = null;
  lines: LocalLog[] = [];
  ended = '';
  skipped = 0;
  link: LinkState = { kind: 'connecting', dataFrom: null };
  said = '';
  /** Keeps the newest line in sight until the person scrolls up. */
  follow = true;
  #stream: LiveStream | null = null;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Before the drawer is shown its lines have no height to scroll to.
    this.addEventListener('wa-after-show', () => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stream?.close();
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('container')) return;
    const before = changed.get('container') as LocalContainer | null | undefined;
    const { container } = this;
    const same =
      container !== null &&
      before?.name === container.name &&
      before.bundleName === container.bundleName &&
      before.startedAt === container.startedAt;
    if (!same) this.#open(container);
  }

  #open(container: LocalContainer | null): void {
    this.#stream?.close();
    this.#stream = null;
    Object.assign(this, { lines: [], ended: '', skipped: 0, said: '', follow: true });
    if (container === null) return;
    const bundle = encodeURIComponent(container.bundleName);
    const stream = createStream(
      `/api/local/containers/${encodeURIComponent(container.name)}/logs/stream?tail=${tail}&bundle=${bundle}`,
    );
    this.link = stream.state();
    stream.onState((state) => {
      this.link = state;
    });
    stream.onEvent((event) => this.#take(event));
    stream.listen([]);
    this.#stream = stream;
  }

  #take({ type, data }: ServerEvent): void {
    const read = JSON.parse(data) as { lines?: LocalLog[]; dropped?: number; reason?: string };
    if (type === 'tail') Object.assign(this, { lines: read.lines ?? [], ended: '', skipped: 0 });
    else if (type === 'lines') {
      this.skipped += read.dropped ?? 0;
      this.lines = [...this.lines, ...(read.lines ?? [])].slice(-linesMax);
    } else if (type === 'ended') this.ended = read.reason ?? 'stopped';
  }

  get #box(): HTMLElement | null {
    return this.querySelector('.log');
  }

  protected override updated(): void {
    const box = this.#box;
    if (box !== null && this.follow) box.scrollTop = box.scrollHeight;
  }

  #scrolled(event: Event): void {
    const box = event.currentTarget as HTMLElement;
    this.follow = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
  }

  async #copy(): Promise<void> {
    const box = this.#box;
    if (box === null) return;
    this.said = await copyText(box);
    setTimeout(() => {
      this.said = '';
    }, 4_000);
  }

  #state(): string {
    if (this.ended === 'engine-unreachable') return 'The container engine stopped answering.';
    if (this.ended !== '') return 'The container has stopped: this is all it wrote.';
    if (this.link.kind === 'live') return 'Live: new lines appear by themselves.';
    return this.link.kind === 'connecting'
      ? 'Reading…'
      : 'The device does not answer; trying again.';
  }

  protected override render() {
    const { container } = this;
    return drawer({
      label: container === null ? 'Log' : `Log of ${container.name}`,
      open: container !== null,
      onClose: () => this.dispatchEvent(new CustomEvent('closed')),
      body: () => html`<div class="log-drawer">
        <div class="row"><span class="grow muted small" role="status">${this.#state()}</span>
          ${
            this.follow
              ? nothing
              : html`<button type="button" class="button" @click=${() => {
                  this.follow = true;
                }}>Newest</button>`
          }
          <button type="button" class="button" @click=${() => void this.#copy()}><span aria-live="polite">${this.said === '' ? 'Copy' : this.said}</span></button></div>
        ${this.skipped === 0 ? nothing : notice('warn', html`<p>${this.skipped} lines were skipped: it writes faster than this page can show.</p>`)}
        <pre class="log" tabindex="0" role="region" aria-label="Log lines" @scroll=${(event: Event) => this.#scrolled(event)}>${
          this.lines.length === 0 && this.link.kind === 'live'
            ? 'It has written nothing yet.'
            : this.lines.map(({ text }) => text).join('\n')
        }</pre></div>`,
    });
  }
}
customElements.define('container-log', ContainerLog);
