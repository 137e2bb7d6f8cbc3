/** Groups of devices, and the tags they are made of with how many devices have each. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { countedOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { Group, TagCount } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { dialog } from '../ui/dialog.ts';
import { icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { listCut } from '../views/list-cut.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';
import './quota-line.ts';
import { queryIn } from './query-box.ts';

/** Each count reads an index of the fleet, and news of devices come in dozens. */
const recountMs = 10_000;

class GroupsPage extends LitElement {
  static override properties = {
    adding: { state: true },
    isDynamic: { state: true },
    error: { state: true },
    counts: { state: true },
  };
  app!: App;
  params: Params = {};
  adding = false;
  isDynamic = true;
  error: ApiError | null = null;
  counts: ReadonlyMap<string, number> = new Map();
  #groups = createResource(this, () => this.app.api.groups());
  #tags = createResource(this, () => this.app.api.tagCounts());
  /** The list that is counted, or was. */
  #listed: readonly Group[] | undefined;
  #countedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      onEvent: (event) => {
        if (event.type === 'device' && event.data['presence'] === undefined) this.#refresh();
      },
      onResync: () => this.#refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #refresh(): void {
    this.#groups.refresh();
    this.#tags.refresh();
  }

  protected override updated(): void {
    const groups = this.#groups.value;
    if (groups === undefined || groups === this.#listed) return;
    this.#listed = groups;
    clearTimeout(this.#timer);
    const waitMs = Math.max(0, this.#countedAt + recountMs - performance.now());
    this.#timer = setTimeout(() => void this.#count(groups), waitMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  /** Who answers a dynamic group's query is counted one group after another, below the list that is there. */
  async #count(groups: readonly Group[]): Promise<void> {
    this.#countedAt = performance.now();
    try {
      for (const { id, members } of groups) {
        if (members !== null) continue;
        const counted = await this.app.api.group(id);
        if (this.#listed !== groups) return;
        this.counts = new Map(this.counts).set(id, counted.members ?? 0);
      }
    } catch {
      // The number that is missing says it; the next change counts again.
    }
  }

  async #make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    this.error = null;
    try {
      const made = await this.app.api.createGroup({
        name: String(form.get('name')).trim(),
        description: String(form.get('description')).trim(),
        ...(this.isDynamic ? { query: queryIn(event) } : {}),
      });
      this.app.navigate(pathTo.group(made.id));
    } catch (error) {
      this.error = asError(error);
    }
  }

  #form(): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#make(event)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="group-name">Name</label>
        <input class="input" id="group-name" name="name" required maxlength="100" autocomplete="off" autofocus /></div>
      <div class="field"><label for="group-description">Description <span class="muted">(optional)</span></label>
        <input class="input" id="group-description" name="description" maxlength="500" autocomplete="off" /></div>
      <div class="segmented" role="group" aria-label="Kind of group">
        ${[true, false].map(
          (isDynamic) =>
            html`<button type="button" aria-pressed=${this.isDynamic === isDynamic} @click=${() => {
              this.isDynamic = isDynamic;
            }}>${isDynamic ? 'By query' : 'Chosen one by one'}</button>`,
        )}
      </div>
      ${
        this.isDynamic
          ? html`<div class="field"><span class="label">Devices that answer</span>
              <query-box .app=${this.app} label="Query of the group"></query-box>
              <span class="hint">Who answers it is in the group, from the moment a tag changes.</span></div>`
          : html`<p class="muted">Choose its devices in the fleet afterwards, or let a registration token put them in.</p>`
      }
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.adding = false;
      }}>Cancel</button><button type="submit" class="button primary">Make group</button></div>
    </form>`;
  }

  #list(groups: readonly Group[]): TemplateResult {
    if (groups.length === 0) {
      return emptyState(
        'layers',
        'No group yet',
        html`<p>A group names devices, so that a change or a rollout reaches all of them. A dynamic group is a query,
          such as <code>ring=canary AND status=online</code>; a static one has the devices that you put into it.</p>
          <p>Give devices tags first: tick them in <a href=${pathTo.fleet()}>the fleet</a> and choose “Tags and group”.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold">
      <thead><tr><th scope="col">Group</th><th scope="col">Devices</th><th scope="col">Chosen by</th></tr></thead>
      <tbody>${groups.map(
        (
          group,
        ) => html`<tr><td><a class="title" data-item href=${pathTo.group(group.id)}>${group.name}</a>
          <div class="muted small truncate">${group.description}</div></td>
          <td>${this.#membersOf(group)}</td>
          <td class="wide">${group.query === null ? html`<span class="muted">chosen one by one</span>` : html`<code class="query-text">${group.query}</code>`}</td></tr>`,
      )}</tbody></table></div>${listCut(groups, 'groups list')}`;
  }

  #membersOf(group: Group): TemplateResult {
    const members = group.members ?? this.counts.get(group.id);
    if (members === undefined) return html`…`;
    return html`${members}<span class="only-narrow muted"> ${members === 1 ? 'device' : 'devices'}</span>`;
  }

  #tagTable(tags: readonly TagCount[]): TemplateResult {
    if (tags.length === 0)
      return html`<div class="body muted">No device has a tag. Tags are words such as <code>canary</code>, or <code>environment=production</code>.</div>`;
    return html`<ul class="tag-counts">${tags.map(
      ({
        tag,
        devices,
      }) => html`<li><a href=${pathTo.fleetByQuery(tag)}><span class="tag">${tag}</span></a>
        <span class="muted small">${countedOf(devices, 'device')}</span></li>`,
    )}</ul>`;
  }

  protected override render() {
    const groups = this.#groups;
    const tags = this.#tags;
    return html`<div class="page">
      <div class="page-head"><div><h1>Groups</h1><p class="lead">Devices that belong together, by a query or by hand.</p>
        <quota-line .app=${this.app} .of=${['groups']}></quota-line></div>
        ${actionButton({
          label: 'New group',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.error = null;
            this.adding = true;
          },
        })}</div>
      ${groups.value === undefined ? loading(groups.error, 3, groups.refresh) : html`${errorNotice(groups.error)}<section class="card" aria-label="Groups">${this.#list(groups.value)}</section>`}
      <section class="card" aria-labelledby="tags-title"><header><h2 id="tags-title">${icon('layers')} Tags in use</h2></header>
        ${tags.value === undefined ? html`<div class="body">${loading(tags.error, 2)}</div>` : this.#tagTable(tags.value)}</section>
      ${dialog({
        label: 'New group',
        open: this.adding,
        onClose: () => {
          this.adding = false;
        },
        body: () => this.#form(),
      })}${nothing}
    </div>`;
  }
}
customElements.define('groups-page', GroupsPage);
