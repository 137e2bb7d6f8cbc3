/**
 * The fleet: who waits for approval, then every device with its status, software and the age of
 * what is known. The filter is the address, so a view can be sent to a colleague.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  type FleetFilter,
  type FleetStatus,
  type FleetView,
  filterFromQuery,
  fleetFilters,
  viewFleet,
} from '../data/fleet-filter.ts';
import { applyToDevices } from '../data/live.ts';
import { createResource } from '../data/resource.ts';
import type { Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { command } from '../ui/copy.ts';
import { icon } from '../ui/icons.ts';
import { type Params, withQuery } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import './add-device.ts';
import { deviceTable } from '../views/device-table.ts';
import { pendingDevices } from '../views/pending-devices.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import './reject-device.ts';

const labels: Record<FleetStatus, string> = {
  all: 'All',
  online: 'Online',
  offline: 'Not online',
  attention: 'Needs attention',
};

class FleetPage extends LitElement {
  static override properties = {
    filter: { state: true },
    adding: { state: true },
    rejecting: { state: true },
    busy: { state: true },
  };
  app!: App;
  params: Params = {};
  filter: FleetFilter = filterFromQuery(location.search);
  adding = false;
  rejecting: Device | null = null;
  busy: ReadonlySet<string> = new Set();

  #devices = createResource(this, () => this.app.api.devices());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      onEvent: (event) => {
        const known = this.#devices.value ?? [];
        const applied = applyToDevices(known, event);
        if (applied.devices !== known) this.#devices.patch(() => applied.devices);
        if (applied.fetch === 'devices') this.#devices.refresh();
      },
      onResync: () => this.#devices.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #narrow(change: Partial<FleetFilter>): void {
    this.filter = { ...this.filter, ...change };
    const { status, site, search } = this.filter;
    this.app.replace(
      withQuery('/', location.search, { status: status === 'all' ? '' : status, site, q: search }),
    );
  }

  async #approve(device: Device): Promise<void> {
    this.busy = new Set([...this.busy, device.id]);
    try {
      await this.app.api.approve(device.id);
      notify('ok', `${device.name} is approved. It connects by itself within half a minute.`);
      this.#devices.refresh();
    } catch (error) {
      const { message, code } = asError(error);
      notify('bad', `${device.name} was not approved: ${message} (${code})`);
    }
    this.busy = new Set([...this.busy].filter((id) => id !== device.id));
  }

  #filters(view: FleetView): TemplateResult {
    return html`<div class="filters">
      <div class="search">${icon('search')}
        <input class="input" type="search" aria-label="Search devices" placeholder="Search name, site, bundle, version"
          .value=${this.filter.search} @input=${(event: InputEvent) =>
            this.#narrow({ search: (event.target as HTMLInputElement).value })} /><kbd>/</kbd></div>
      <div class="segmented" role="group" aria-label="Filter by status">
        ${fleetFilters.map(
          (status) => html`<button type="button" aria-pressed=${this.filter.status === status}
            @click=${() => this.#narrow({ status })}>${labels[status]} <span class="count">${view.counts[status]}</span></button>`,
        )}
      </div>
      ${
        view.sites.length < 2
          ? nothing
          : html`<select class="input" aria-label="Site" @change=${(event: Event) =>
              this.#narrow({ site: (event.target as HTMLSelectElement).value })}>
              <option value="" ?selected=${this.filter.site === ''}>All sites</option>
              ${view.sites.map((site) => html`<option value=${site} ?selected=${this.filter.site === site}>${site}</option>`)}
            </select>`
      }
    </div>`;
  }

  #list(view: FleetView): TemplateResult {
    if (view.shown.length > 0) return deviceTable(view.shown);
    const nothingAtAll =
      view.counts.all === 0 && this.filter.search === '' && this.filter.site === '';
    if (!nothingAtAll) {
      return emptyState(
        'search',
        'No device matches',
        html`<p>Nothing has this status, site and text together.</p>
          <button type="button" class="button" @click=${() =>
            this.#narrow({ status: 'all', site: '', search: '' })}>Show all devices</button>`,
      );
    }
    return emptyState(
      'router',
      view.pending.length > 0 ? 'No approved device yet' : 'No device yet',
      html`<p>A device joins in two steps: make a registration token here, then run one command on the device.
        It appears above, and you approve it when its fingerprint is right.</p>
        ${command('signalbeam-agent register --url <this address> --token <token>', 'Command to run on the device')}
        <button type="button" class="button primary" @click=${() => {
          this.adding = true;
        }}>${icon('plus')}Add device</button>`,
    );
  }

  #content(): TemplateResult {
    const { value, error } = this.#devices;
    if (value === undefined) return loading(error, 5, this.#devices.refresh);
    const view = viewFleet(value, this.filter);
    return html`${errorNotice(error)}
      ${pendingDevices(view.pending, {
        refused: refusedByRole(this.app.user),
        busy: this.busy,
        approve: (device) => void this.#approve(device),
        reject: (device) => {
          this.rejecting = device;
        },
      })}
      ${this.#filters(view)}
      <section class="card ${error === null ? '' : 'stale'}" aria-label="Devices">${this.#list(view)}</section>`;
  }

  #lead(): string {
    const devices = this.#devices.value;
    if (devices === undefined) return 'Every device of this tenant.';
    const { counts, sites, pending } = viewFleet(devices, { status: 'all', site: '', search: '' });
    const waiting = pending.length === 0 ? '' : ` ${pending.length} waiting for approval.`;
    const places = sites.length === 1 ? `at ${sites[0]}` : `at ${sites.length} sites`;
    return counts.all === 0
      ? `Devices appear here as they register.${waiting}`
      : `${counts.online} of ${counts.all} online ${places}.${waiting}`;
  }

  protected override render() {
    return html`<div class="page">
      <div class="page-head">
        <div><h1>Fleet</h1><p class="lead">${this.#lead()}</p></div>
        ${actionButton({
          label: 'Add device',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.adding = true;
          },
        })}
      </div>
      ${this.#content()}
      <add-device .app=${this.app} .open=${this.adding} .sites=${[...new Set((this.#devices.value ?? []).map((device) => device.site))]}
        @closed=${() => {
          this.adding = false;
        }}></add-device>
      <reject-device .app=${this.app} .device=${this.rejecting} @closed=${() => {
        this.rejecting = null;
        this.#devices.refresh();
      }}></reject-device>
    </div>`;
  }
}
customElements.define('fleet-page', FleetPage);
