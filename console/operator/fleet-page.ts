/**
 * The fleet: who waits for approval, then the devices that the address chooses, a page at a time. The
 * cloud filters, so ten devices and a hundred thousand are one and the same page; a view can be sent
 * to a colleague.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { calmly } from '../data/calm.ts';
import {
  choiceOf,
  type FleetFilter,
  type FleetStatus,
  filterFromQuery,
  fleetFilters,
  isNarrow,
  noFilter,
} from '../data/fleet-filter.ts';
import { countedOf } from '../data/format.ts';
import { applyToDevices } from '../data/live.ts';
import { createResource } from '../data/resource.ts';
import type { Device, Site } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { command } from '../ui/copy.ts';
import { icon } from '../ui/icons.ts';
import { type Params, withQuery } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import './add-device.ts';
import { deviceTable, type Selection } from '../views/device-table.ts';
import { pendingDevices } from '../views/pending-devices.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import type { BulkTarget } from './bulk-dialog.ts';
import { pathTo } from './paths.ts';
import './bulk-dialog.ts';
import './query-box.ts';
import './reject-device.ts';

const labels: Record<FleetStatus, string> = {
  all: 'All',
  online: 'Online',
  offline: 'Offline',
  rejected: 'Rejected',
};

/** How many wait for approval, also those beyond the first page of them. */
const waitingAt = (sites: readonly Site[]): number =>
  sites.reduce((sum, { pending }) => sum + pending, 0);

type Listed = { devices: Device[]; hasMore: boolean };

class FleetPage extends LitElement {
  static override properties = {
    filter: { state: true },
    adding: { state: true },
    rejecting: { state: true },
    busy: { state: true },
    compared: { state: true },
    chosen: { state: true },
    target: { state: true },
  };
  app!: App;
  params: Params = {};
  filter: FleetFilter = filterFromQuery(location.search);
  adding = false;
  rejecting: Device | null = null;
  busy: ReadonlySet<string> = new Set();
  /** Waiting devices whose fingerprints were found right. */
  compared: ReadonlySet<string> = new Set();
  chosen: ReadonlySet<string> = new Set();
  target: BulkTarget | null = null;
  #pages = 1;

  #listed = createResource<Listed>(this, () => this.#load());
  #total = createResource(this, () => this.app.api.countDevices(choiceOf(this.filter)));
  #pending = createResource(
    this,
    async () => (await this.app.api.devicePage({ status: 'pending' }, null)).devices,
  );
  #sites = createResource(this, () => this.app.api.sites());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices', 'rollouts'],
      onEvent: (event) => {
        const known = this.#listed.value;
        if (known === undefined) return;
        const applied = applyToDevices(known.devices, event);
        if (applied.devices !== known.devices)
          this.#listed.patch((listed) => ({ ...listed, devices: applied.devices }));
        if (applied.fetch === 'devices') this.#refreshCalmly();
      },
      onResync: () => this.#refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  async #load(): Promise<Listed> {
    const devices: Device[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const found: { devices: Device[]; nextCursor: string | null } = await this.app.api.devicePage(
        choiceOf(this.filter),
        cursor,
        this.filter.sort,
      );
      devices.push(...found.devices);
      cursor = found.nextCursor;
      if (cursor === null) break;
    }
    return { devices, hasMore: cursor !== null };
  }

  #refresh(): void {
    for (const part of [this.#listed, this.#total, this.#pending, this.#sites]) part.refresh();
  }

  /** A large fleet has something to tell all the time. */
  readonly #refreshCalmly = calmly(() => this.#refresh());

  #narrow(change: Partial<FleetFilter>): void {
    this.filter = { ...this.filter, ...change };
    this.#pages = 1;
    this.chosen = new Set();
    const { status, site, search, query, sort } = this.filter;
    const shown = {
      ...{ status: status === 'all' ? '' : status, site, q: search, query },
      sort: sort === 'name' ? '' : sort,
    };
    this.app.replace(withQuery('/', location.search, shown));
    this.#listed.refresh();
    this.#total.refresh();
  }

  async #approve(device: Device): Promise<void> {
    this.busy = new Set([...this.busy, device.id]);
    try {
      await this.app.api.approve(device.id);
      notify('ok', `${device.name} is approved. It connects by itself within half a minute.`);
      this.#refresh();
    } catch (error) {
      tellFailure(error, `${device.name} was not approved: `);
    }
    this.busy = new Set([...this.busy].filter((id) => id !== device.id));
  }

  async #approveCompared(pending: readonly Device[]): Promise<void> {
    const ids = pending.map(({ id }) => id).filter((id) => this.compared.has(id));
    try {
      const { results } = await this.app.api.bulk({ ids }, { kind: 'approve' }, null);
      const refused = results.filter(({ outcome }) => outcome === 'refused');
      notify('ok', `${countedOf(results.length - refused.length, 'device')} approved.`);
      for (const { name, reason } of refused) notify('bad', `${name}: ${reason}`);
    } catch (error) {
      tellFailure(error, 'None was approved: ');
    }
    this.compared = new Set();
    this.#refresh();
  }

  #filters(): TemplateResult {
    const sites = this.#sites.value ?? [];
    return html`<div class="filters">
      <div class="search">${icon('search')}
        <input class="input" type="search" aria-label="Search devices" placeholder="Search name, host, fingerprint, site"
          .value=${this.filter.search} @input=${(event: InputEvent) =>
            this.#narrow({ search: (event.target as HTMLInputElement).value })} /><kbd>/</kbd></div>
      <div class="segmented" role="group" aria-label="Filter by status">
        ${fleetFilters.map(
          (status) => html`<button type="button" aria-pressed=${this.filter.status === status}
            @click=${() => this.#narrow({ status })}>${labels[status]}</button>`,
        )}
      </div>
      ${
        sites.length < 2
          ? nothing
          : html`<select class="input" aria-label="Site" @change=${(event: Event) =>
              this.#narrow({ site: (event.target as HTMLSelectElement).value })}>
              <option value="" ?selected=${this.filter.site === ''}>All sites</option>
              ${sites.map(({ name, title }) => html`<option value=${name} ?selected=${this.filter.site === name}>${title === '' ? name : `${title} (${name})`}</option>`)}
            </select>`
      }
      <select class="input" aria-label="Order" @change=${(event: Event) =>
        this.#narrow({
          sort: (event.target as HTMLSelectElement).value === 'health' ? 'health' : 'name',
        })}>
        <option value="name" ?selected=${this.filter.sort === 'name'}>By name</option>
        <option value="health" ?selected=${this.filter.sort === 'health'}>Worst health first</option></select>
      <query-box .app=${this.app} .query=${this.filter.query} label="Query about tags and devices"
        @query=${(event: CustomEvent<string>) => {
          if (event.detail !== this.filter.query) this.#narrow({ query: event.detail });
        }}></query-box>
    </div>`;
  }

  #selection(devices: readonly Device[]): Selection | null {
    if (refusedByRole(this.app.user) !== null) return null;
    return {
      ids: this.chosen,
      toggle: (id, isOn) => {
        const next = new Set(this.chosen);
        if (isOn) next.add(id);
        else next.delete(id);
        this.chosen = next;
      },
      toggleAll: (isOn) => {
        this.chosen = new Set(isOn ? devices.map(({ id }) => id) : []);
      },
    };
  }

  /** What can be done with those that are ticked, or with all that the filter chooses. */
  #bulkBar(devices: readonly Device[]): TemplateResult | typeof nothing {
    const ids = devices.map(({ id }) => id).filter((id) => this.chosen.has(id));
    const total = this.#total.value ?? 0;
    if (ids.length === 0) return nothing;
    const open = (target: BulkTarget) => () => {
      this.target = target;
    };
    return html`<div class="bulk-bar" role="region" aria-label="Chosen devices">
      <span>${ids.length} chosen</span>
      <button type="button" class="button small primary" @click=${open({ devices: { ids }, count: ids.length })}>Tags and group…</button>
      ${
        total > ids.length
          ? html`<button type="button" class="button small" @click=${open({ devices: choiceOf(this.filter), count: total })}>All ${total} that match…</button>`
          : nothing
      }
      <button type="button" class="button small quiet" @click=${() => {
        this.chosen = new Set();
      }}>Clear</button></div>`;
  }

  #list({ devices, hasMore }: Listed): TemplateResult {
    if (devices.length > 0) {
      const total = this.#total.value;
      return html`${this.#bulkBar(devices)}${deviceTable(devices, {
        selection: this.#selection(devices),
        sort: this.filter.sort,
      })}
        <div class="list-foot"><span class="muted small" role="status">${devices.length} of ${total ?? '…'} shown</span>
          ${
            hasMore
              ? html`<button type="button" class="button small" @click=${() => {
                  this.#pages += 1;
                  this.#listed.refresh();
                }}>Show more</button>`
              : nothing
          }</div>`;
    }
    if (isNarrow(this.filter)) {
      return emptyState(
        'search',
        'No device matches',
        html`<p>Nothing has this status, site, text and query together.</p>
          <button type="button" class="button" @click=${() => this.#narrow(noFilter)}>Show all devices</button>`,
      );
    }
    return emptyState(
      'router',
      (this.#pending.value ?? []).length > 0 ? 'No approved device yet' : 'No device yet',
      html`<p>A device joins in two steps: make a registration token here, then run one command on the device.
        It appears above, and you approve it when its fingerprint is right.</p>
        ${command('signalbeam-agent register --url <this address> --token <token>', 'Command to run on the device')}
        <button type="button" class="button primary" @click=${() => {
          this.adding = true;
        }}>${icon('plus')}Add device</button>`,
    );
  }

  #content(): TemplateResult {
    const { value, error } = this.#listed;
    if (value === undefined && error !== null) return loading(error, 5, () => this.#refresh());
    const pending = this.#pending.value ?? [];
    return html`${errorNotice(error)}
      ${pendingDevices(pending, {
        total: Math.max(pending.length, waitingAt(this.#sites.value ?? [])),
        refused: refusedByRole(this.app.user),
        busy: this.busy,
        compared: this.compared,
        compare: ({ id }, isRight) => {
          const others = [...this.compared].filter((known) => known !== id);
          this.compared = new Set(isRight ? [...others, id] : others);
        },
        approveCompared: () => void this.#approveCompared(pending),
        labels: pathTo.labels('status=pending'),
        approve: (device) => void this.#approve(device),
        reject: (device) => {
          this.rejecting = device;
        },
      })}
      ${this.#filters()}
      <section class="card ${error === null ? '' : 'stale'}" aria-label="Devices">${value === undefined ? html`<div class="body">${loading(null, 5)}</div>` : this.#list(value)}</section>`;
  }

  #lead(): string {
    const sites = this.#sites.value;
    if (sites === undefined) return 'Every device of this tenant.';
    const [devices, pending] = sites.reduce(
      ([all = 0, waiting = 0], site) => [all + site.devices, waiting + site.pending],
      [0, 0],
    );
    const members = (devices ?? 0) - (pending ?? 0);
    const waiting = pending === 0 ? '' : ` ${pending} waiting for approval.`;
    const places = sites.filter((site) => site.devices > 0);
    if (members === 0) return `Devices appear here as they register.${waiting}`;
    const where = places.length === 1 ? `at ${places[0]?.name}` : `at ${places.length} sites`;
    return `${countedOf(members, 'device')} ${where}.${waiting}`;
  }

  protected override render() {
    return html`<div class="page">
      <div class="page-head">
        <div><h1>Fleet</h1><p class="lead">${this.#lead()}</p></div>
        <div class="row top"><a class="button" href=${pathTo.charts({})}>Charts</a>
        ${actionButton({
          label: 'Add device',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.adding = true;
          },
        })}</div>
      </div>
      ${this.#content()}
      <add-device .app=${this.app} .open=${this.adding} .sites=${(this.#sites.value ?? []).map(({ name }) => name)}
        @closed=${() => {
          this.adding = false;
        }}></add-device>
      <bulk-dialog .app=${this.app} .target=${this.target} @closed=${(
        event: CustomEvent<{ changed: boolean }>,
      ) => {
        this.target = null;
        if (!event.detail.changed) return;
        this.chosen = new Set();
        this.#refresh();
      }}></bulk-dialog>
      <reject-device .app=${this.app} .device=${this.rejecting} @closed=${() => {
        this.rejecting = null;
        this.#refresh();
      }}></reject-device>
    </div>`;
  }
}
customElements.define('fleet-page', FleetPage);
