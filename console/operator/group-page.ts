/** One group: what chooses its devices, who is in it now and how they came to be. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { calmly } from '../data/calm.ts';
import { applyToDevices, isHeartbeat, type LiveEvent } from '../data/live.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { deviceMark } from '../data/status.ts';
import type { Device, Group, GroupMember } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, bareMark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { tagList } from '../views/device-table.ts';
import { type App, asError, followLive, refusedByRole, tellFailure } from './app.ts';
import type { BulkTarget } from './bulk-dialog.ts';
import './bulk-dialog.ts';
import { pathTo } from './paths.ts';
import { queryIn } from './query-box.ts';

const origins: Record<GroupMember['origin'], string> = {
  query: 'answers the query',
  person: 'put in by',
  'registration-token': 'put in by its token',
};

const withDevices = (members: GroupMember[], devices: readonly Device[]): GroupMember[] =>
  members.map((member) => {
    const device = devices.find(({ id }) => id === member.device.id);
    return device === undefined ? member : { ...member, device };
  });

class GroupPage extends LitElement {
  static override properties = {
    dialog: { state: true },
    changing: { state: true },
    error: { state: true },
    target: { state: true },
  };
  app!: App;
  params: Params = {};
  dialog: 'none' | 'change' | 'remove' = 'none';
  /** As it was when somebody began to write: what is renewed meanwhile takes nothing from the fields. */
  changing: Group | null = null;
  error: ApiError | null = null;
  target: BulkTarget | null = null;
  #group = createResource(this, () => this.app.api.group(this.#id));
  #members = createResource(this, () => this.app.api.members(this.#id));

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices', 'rollouts'],
      onEvent: (event) => this.#onEvent(event),
      onResync: () => this.#refresh(),
    });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  #refresh(): void {
    this.#group.refresh();
    this.#members.refresh();
  }

  readonly #refreshCalmly = calmly(() => this.#refresh());

  /** Who is in it by a query may come and go with whatever happens, who was put in only as somebody says so. */
  #onEvent(event: LiveEvent): void {
    const known = this.#members.value?.map(({ device }) => device) ?? [];
    const { devices } = applyToDevices(known, event);
    if (devices !== known) this.#members.patch((members) => withDevices(members, devices));
    const isNews = event.type === 'rollout' || (event.type === 'device' && !isHeartbeat(event));
    const isSaid = event.type === 'device' && event.data['presence'] === undefined;
    if (this.#group.value?.query == null ? isSaid : isNews) this.#refreshCalmly();
  }

  protected override updated(): void {
    if (this.#group.value !== undefined) this.app.entitle(this.#group.value.name);
  }

  async #do(act: () => Promise<unknown>, said: string, after: () => void): Promise<void> {
    this.error = null;
    try {
      await act();
      notify('ok', said);
      this.dialog = 'none';
      after();
    } catch (error) {
      this.error = asError(error);
      this.#refresh();
    }
  }

  #change(event: SubmitEvent, group: Group): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const change = {
      name: String(form.get('name')).trim(),
      description: String(form.get('description')).trim(),
      ...(group.query === null ? {} : { query: queryIn(event) }),
    };
    void this.#do(
      () => this.app.api.changeGroup(group, change),
      `${change.name} is changed.`,
      () => this.#refresh(),
    );
  }

  #changeForm(group: Group): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => this.#change(event, group)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="group-name">Name</label><input class="input" id="group-name" name="name" value=${group.name} required maxlength="100" autofocus /></div>
      <div class="field"><label for="group-description">Description</label><input class="input" id="group-description" name="description" value=${group.description} maxlength="500" /></div>
      ${
        group.query === null
          ? nothing
          : html`<div class="field"><span class="label">Devices that answer</span>
              <query-box .app=${this.app} .query=${group.query} label="Query of the group"></query-box></div>`
      }
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.dialog = 'none';
      }}>Cancel</button><button type="submit" class="button primary">Save</button></div></form>`;
  }

  #removeForm(group: Group): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(
        () => this.app.api.removeGroup(group.id),
        `${group.name} is deleted.`,
        () => this.app.navigate(pathTo.groups()),
      );
    };
    return html`<form class="stack" @submit=${submit}>
      <p>Its devices stay as they are, with their tags. Registration tokens that named it put nobody into it any more.</p>
      ${errorNotice(this.error)}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.dialog = 'none';
      }}>Keep it</button><button type="submit" class="button danger solid">Delete group</button></div></form>`;
  }

  async #leave(member: GroupMember): Promise<void> {
    const action = { kind: 'leave' as const, group: this.#id };
    try {
      await this.app.api.bulk({ ids: [member.device.id] }, action, null);
      notify('ok', `${member.device.name} is not in the group any more.`);
    } catch (error) {
      tellFailure(error);
    }
    this.#refresh();
  }

  #row(member: GroupMember, isStatic: boolean): TemplateResult {
    const { device, origin, addedBy, addedAt } = member;
    const who = origin === 'person' ? ` ${nameOfActor(addedBy ?? '')}` : '';
    return html`<tr><td><a class="title" data-item href=${pathTo.device(device.id)}>${device.name}</a>${tagList(device.tags, 6)}</td>
      <td>${bareMark(deviceMark(device))}</td><td class="drop">${device.site}</td>
      <td class="muted wide">${origins[origin]}${who} ${addedAt === null ? nothing : age(addedAt)}</td>
      <td>${
        isStatic
          ? actionButton({
              label: 'Take out',
              look: 'small quiet',
              refused: refusedByRole(this.app.user),
              hushed: true,
              run: () => void this.#leave(member),
            })
          : nothing
      }</td></tr>`;
  }

  #memberTable(group: Group, members: readonly GroupMember[]): TemplateResult {
    const isStatic = group.query === null;
    if (members.length === 0) {
      return isStatic
        ? emptyState(
            'layers',
            'Nobody is in it yet',
            html`<p>Tick devices in <a href=${pathTo.fleet()}>the fleet</a>, choose “Tags and group” and then this group.</p>`,
          )
        : emptyState(
            'search',
            'No device answers the query now',
            html`<p>Devices come in by themselves as soon as they have the tags it asks for.</p>`,
          );
    }
    const more = (group.members ?? 0) - members.length;
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Device</th><th scope="col">Status</th><th scope="col">Site</th><th scope="col">In it because it</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${members.map((member) => this.#row(member, isStatic))}</tbody></table></div>
      ${more > 0 ? html`<div class="list-foot muted small">${members.length} shown, ${more} more</div>` : nothing}`;
  }

  #head(): TemplateResult {
    const group = this.#group.value;
    const refused = refusedByRole(this.app.user);
    const open = (which: 'change' | 'remove') => () => {
      this.error = null;
      this.changing = group ?? null;
      this.dialog = which;
    };
    return html`<div class="page-head"><div class="stack tight"><h1>${group?.name ?? 'Group'}</h1>
        ${
          group === undefined
            ? nothing
            : html`<div class="row">${badge({ shape: 'disc', tone: 'info', word: `${group.members ?? 0} in it` })}
              <span class="muted">${group.description}</span></div>
              ${group.query === null ? nothing : html`<code class="query-text">${group.query}</code>`}`
        }</div>
      ${
        group === undefined
          ? nothing
          : html`<div class="row top">
            <a class="button" href=${pathTo.charts({ group: group.id })}>Charts</a>
            ${actionButton({
              label: 'Tag all…',
              look: 'primary',
              refused: refused ?? ((group.members ?? 0) === 0 ? 'Nobody is in it.' : null),
              run: () => {
                this.target = { devices: { group: group.id }, count: group.members ?? 0 };
              },
            })}
            ${actionButton({ label: 'Change', refused, hushed: true, run: open('change') })}
            ${actionButton({ label: 'Delete', icon: 'trash', look: 'danger', refused, hushed: true, run: open('remove') })}</div>`
      }</div>`;
  }

  protected override render() {
    const group = this.#group.value;
    const members = this.#members.value;
    const onClose = (): void => {
      this.dialog = 'none';
    };
    return html`<div class="page"><div>${crumb(pathTo.groups(), 'Groups')}${this.#head()}</div>
      ${group === undefined || members === undefined ? loading(this.#group.error ?? this.#members.error, 3, () => this.#refresh()) : html`${errorNotice(this.#group.error)}<section class="card" aria-label="Devices in the group">${this.#memberTable(group, members)}</section>`}
      ${
        group === undefined
          ? nothing
          : html`${dialog({ label: `Change ${group.name}`, open: this.dialog === 'change', onClose, body: () => this.#changeForm(this.changing ?? group) })}
            ${dialog({ label: `Delete ${group.name}?`, open: this.dialog === 'remove', onClose, body: () => this.#removeForm(group) })}`
      }
      <bulk-dialog .app=${this.app} .target=${this.target} @closed=${() => {
        this.target = null;
        this.#refresh();
      }}></bulk-dialog></div>`;
  }
}
customElements.define('group-page', GroupPage);
