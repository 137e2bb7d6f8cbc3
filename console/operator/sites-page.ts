/** The places where devices are: how many each has, made before the first device or with it, renamed. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { countedOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { Site } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { listCut } from '../views/list-cut.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';
import './quota-line.ts';
import './site-grants.ts';
import './site-windows.ts';

type Open =
  | { kind: 'make' }
  | { kind: 'rename' | 'remove' | 'gather' | 'grants' | 'windows'; site: Site };

class SitesPage extends LitElement {
  static override properties = { shown: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  shown: Open | null = null;
  error: ApiError | null = null;
  #sites = createResource(this, () => this.app.api.sites());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      onEvent: (event) => {
        if (event.type === 'device' && event.data['presence'] === undefined) this.#sites.refresh();
      },
      onResync: () => this.#sites.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #open(shown: Open | null): void {
    this.error = null;
    this.shown = shown;
  }

  async #do(event: SubmitEvent, act: (form: FormData) => Promise<string>): Promise<void> {
    event.preventDefault();
    this.error = null;
    try {
      notify('ok', await act(new FormData(event.currentTarget as HTMLFormElement)));
      this.shown = null;
    } catch (error) {
      this.error = asError(error);
    }
    this.#sites.refresh();
  }

  #buttons(label: string, look = 'primary'): TemplateResult {
    return html`<div class="dialog-actions"><button type="button" class="button" @click=${() => this.#open(null)}>Cancel</button>
      <button type="submit" class="button ${look}">${label}</button></div>`;
  }

  #make(): TemplateResult {
    const act = async (form: FormData): Promise<string> => {
      const name = String(form.get('name')).trim();
      await this.app.api.createSite(name, String(form.get('title')).trim());
      return `${name} is there.`;
    };
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error)}
      <div class="field"><label for="site-name">Name</label>
        <input class="input mono" id="site-name" name="name" required maxlength="63" pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="Small letters, digits and dashes, such as plant-7." autocomplete="off" autocapitalize="off" autofocus />
        <span class="hint">Small letters, digits and hyphens, such as <code>plant-7</code>. It stays: devices are addressed by it.</span></div>
      <div class="field"><label for="site-title">What people call it <span class="muted">(optional)</span></label>
        <input class="input" id="site-title" name="title" maxlength="100" autocomplete="off" /></div>
      ${this.#buttons('Make site')}</form>`;
  }

  #rename(site: Site): TemplateResult {
    const act = async (form: FormData): Promise<string> => {
      await this.app.api.retitleSite(site, String(form.get('title')).trim());
      return `${site.name} has its new title.`;
    };
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error)}
      <div class="field"><label for="site-title">What people call it</label>
        <input class="input" id="site-title" name="title" maxlength="100" value=${site.title} autocomplete="off" autofocus />
        <span class="hint">The name ${site.name} stays; devices are addressed by it.</span></div>
      ${this.#buttons('Rename')}</form>`;
  }

  #remove(site: Site): TemplateResult {
    const act = async (): Promise<string> => {
      await this.app.api.removeSite(site.name);
      return `${site.name} is deleted.`;
    };
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error)}
      <p>No device is there. It comes back by itself with the next token or device that names it.</p>
      ${this.#buttons('Delete site', 'danger solid')}</form>`;
  }

  /** One after another: each move is one device's, told of and undone alone. */
  #gather(site: Site): TemplateResult {
    const others = (this.#sites.value ?? []).filter(
      ({ name, devices }) => name !== site.name && devices > 0,
    );
    const act = async (form: FormData): Promise<string> => {
      const from = String(form.get('from'));
      let moved = 0;
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await this.app.api.devicePage({ site: from }, null);
        for (const { id } of page.devices) await this.app.api.move(id, site.name);
        moved += page.devices.length;
        cursor = page.devices.length === 0 ? null : page.nextCursor;
      }
      return `${countedOf(moved, 'device')} of ${from} ${moved === 1 ? 'is' : 'are'} at ${site.name} now.`;
    };
    if (others.length === 0)
      return html`<p>No other site has a device.</p>${this.#buttons('Move')}`;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error)}
      <div class="field"><label for="from">All devices of</label><select class="input" id="from" name="from">
        ${others.map(({ name, devices }) => html`<option value=${name}>${name} (${countedOf(devices, 'device')})</option>`)}</select></div>
      <p class="muted">They are members of ${site.name} from then on: they get its keys by themselves, keep what they run, and leave the mesh of the old site.
        To move a single one, use “Move” on its page.</p>
      ${this.#buttons('Move devices')}</form>`;
  }

  #row(site: Site): TemplateResult {
    const refused = refusedByRole(this.app.user);
    const act = (label: string, kind: 'rename' | 'remove' | 'gather', why: string | null = null) =>
      actionButton({
        label,
        look: kind === 'remove' ? 'small danger' : 'small',
        refused: refused ?? why,
        hushed: true,
        run: () => this.#open({ kind, site }),
      });
    return html`<tr><td><a class="title" data-item href=${pathTo.fleetBySite(site.name)}>${site.title || site.name}</a>
      <div class="muted small mono">${site.name}</div>${site.windows.length === 0 ? nothing : html`<div class="muted small">${countedOf(site.windows.length, 'maintenance window')}</div>`}</td>
      <td>${countedOf(site.devices, 'device')}${site.pending === 0 ? nothing : html`<div class="small tone-warn">${site.pending} waiting</div>`}</td>
      <td class="wide"><div class="row">${act('Rename', 'rename')} ${act('Move devices here', 'gather')}
        <a class="button small" href=${pathTo.charts({ site: site.name })} aria-label="Charts of ${site.title || site.name}">Charts</a>
        <button type="button" class="button small" @click=${() => this.#open({ kind: 'grants', site })}>Technicians</button>
        <button type="button" class="button small" @click=${() => this.#open({ kind: 'windows', site })}>Windows</button>
        ${act('Delete', 'remove', site.devices > 0 ? 'Devices are there.' : null)}</div></td></tr>`;
  }

  #list(sites: readonly Site[]): TemplateResult {
    if (sites.length === 0) {
      return emptyState(
        'server',
        'No site yet',
        html`<p>A site is a place with a network of its own. Its devices find one another, and go on together when the link is down.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Site</th><th scope="col">Devices</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${sites.map((site) => this.#row(site))}</tbody></table></div>${listCut(sites, 'sites list')}`;
  }

  #content(shown: Open): TemplateResult {
    switch (shown.kind) {
      case 'make':
        return this.#make();
      case 'rename':
        return this.#rename(shown.site);
      case 'remove':
        return this.#remove(shown.site);
      case 'gather':
        return this.#gather(shown.site);
      case 'windows':
        return html`<site-windows .app=${this.app} .site=${shown.site} @changed=${() => this.#sites.refresh()}></site-windows>`;
      case 'grants':
        return html`<site-grants .app=${this.app} .site=${shown.site.name}></site-grants>`;
    }
  }

  protected override render() {
    const { value, error, refresh } = this.#sites;
    const { shown } = this;
    const name = shown === null || shown.kind === 'make' ? '' : shown.site.name;
    const labels = {
      make: 'New site',
      rename: `Rename ${name}`,
      remove: `Delete ${name}?`,
      gather: `Move devices to ${name}`,
      grants: `Technicians at ${name}`,
      windows: `Maintenance windows of ${name}`,
    };
    return html`<div class="page">
      <div class="page-head"><div><h1>Sites</h1><p class="lead">Where devices are, and with whom.</p>
        <quota-line .app=${this.app} .of=${['devices', 'sites']}></quota-line></div>
        ${actionButton({ label: 'New site', icon: 'plus', look: 'primary', refused: refusedByRole(this.app.user), run: () => this.#open({ kind: 'make' }) })}</div>
      ${value === undefined ? loading(error, 3, refresh) : html`${errorNotice(error)}<section class="card" aria-label="Sites">${this.#list(value)}</section>`}
      ${dialog({
        label: shown === null ? 'Site' : labels[shown.kind],
        open: shown !== null,
        onClose: () => this.#open(null),
        body: () => (shown === null ? html`` : this.#content(shown)),
      })}</div>`;
  }
}
customElements.define('sites-page', SitesPage);
