/** The audit log: who did what, found by what people ask, with before and after of each change. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { fullTimeOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { AuditEntry, AuditFilter } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError } from './app.ts';
import { pathTo } from './paths.ts';

const noFilter: AuditFilter = { actor: '', action: '', target: '', from: '', until: '' };

type Checking =
  | { kind: 'none' }
  | { kind: 'running'; checked: number }
  | { kind: 'done'; checked: number; faults: { kind: string; entryId: number | null }[] };

const faultWords: Record<string, string> = {
  changed: 'was changed',
  removed: 'was removed',
  unlinked: 'was removed with its link',
  inserted: 'was slipped in',
};

/** Only the fields that differ; of what was made or removed, all. */
const differing = (before: unknown, after: unknown): [string, unknown, unknown][] => {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const was = isObject(before) ? before : {};
  const is = isObject(after) ? after : {};
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map((name) => [name, was[name], is[name]]);
};

const pages: Readonly<Record<string, (id: string) => string>> = {
  device: pathTo.device,
  group: pathTo.group,
  bundle: pathTo.bundle,
  rollout: pathTo.rollout,
};

/** By its name, which leads to its page if it has one, and by what the log calls it, which leads to all its lines. */
const targetOf = ({ target, targetName }: AuditEntry): TemplateResult => {
  const colon = target.indexOf(':');
  const page = pages[target.slice(0, colon)];
  const name =
    page === undefined || targetName === null
      ? targetName
      : html`<a href=${page(target.slice(colon + 1))}>${targetName}</a>`;
  return html`${name === null ? nothing : html`<div>${name}</div>`}
    <div class="small muted breaks"><a class="plain" title="All lines of it" href=${pathTo.auditOf({ target })}>${target}</a></div>`;
};

const shown = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);

class AuditPage extends LitElement {
  static override properties = {
    entries: { state: true },
    next: { state: true },
    error: { state: true },
    busy: { state: true },
    checking: { state: true },
  };
  app!: App;
  params: Params = {};
  entries: AuditEntry[] | null = null;
  next: string | null = null;
  error: ApiError | null = null;
  busy = false;
  checking: Checking = { kind: 'none' };
  #filter: AuditFilter = noFilter;
  #asked = 0;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
    const given = new URLSearchParams(location.search);
    const read = (name: keyof AuditFilter): [string, string] => [name, given.get(name) ?? ''];
    const names = ['actor', 'action', 'target', 'from', 'until'] as const;
    this.#filter = { ...noFilter, ...Object.fromEntries(names.map(read)) };
    void this.#load(null);
  }

  async #load(cursor: string | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.busy = true;
    try {
      const page = await this.app.api.audit(this.#filter, cursor);
      if (asked !== this.#asked) return;
      this.entries = cursor === null ? page.entries : [...(this.entries ?? []), ...page.entries];
      this.next = page.nextCursor;
      this.error = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.error = asError(error);
    }
    this.busy = false;
  }

  #search(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    const day = (name: string): string => {
      const given = text(name);
      return given === '' ? '' : new Date(`${given}T00:00`).toISOString();
    };
    this.#filter = {
      ...{ actor: text('actor'), action: text('action'), target: text('target') },
      ...{ from: day('from'), until: day('until') },
    };
    const query = new URLSearchParams(
      Object.entries(this.#filter).filter(([, value]) => value !== ''),
    );
    this.app.replace(query.size === 0 ? location.pathname : `${location.pathname}?${query}`);
    void this.#load(null);
  }

  async #check(): Promise<void> {
    let checked = 0;
    const faults: { kind: string; entryId: number | null }[] = [];
    try {
      for (let from: number | null = 1; from !== null; ) {
        this.checking = { kind: 'running', checked };
        const found = await this.app.api.verifyAudit(from);
        checked += found.checked;
        faults.push(...found.faults);
        from = found.next;
      }
      this.checking = { kind: 'done', checked, faults };
    } catch (error) {
      this.checking = { kind: 'none' };
      this.error = asError(error);
    }
  }

  #verdict(): TemplateResult | typeof nothing {
    const { checking } = this;
    if (checking.kind !== 'done') return nothing;
    if (checking.faults.length === 0) {
      return notice('ok', html`<p>All ${checking.checked} lines are as they were written.</p>`);
    }
    return notice(
      'bad',
      html`<p>Somebody tampered with the log: ${checking.faults.length} faults in ${checking.checked} lines.</p>
        <ul>${checking.faults
          .slice(0, 20)
          .map(
            ({ kind, entryId }) =>
              html`<li>Line ${entryId ?? '?'} ${faultWords[kind] ?? kind}</li>`,
          )}</ul>`,
    );
  }

  #field(name: keyof AuditFilter, label: string, hint: string, type = 'text'): TemplateResult {
    const value = type === 'date' ? this.#filter[name].slice(0, 10) : this.#filter[name];
    return html`<div class="field"><label for=${`audit-${name}`}>${label}</label>
      <input class="input" id=${`audit-${name}`} name=${name} type=${type} value=${value} placeholder=${hint} autocomplete="off" /></div>`;
  }

  #entry(entry: AuditEntry): TemplateResult {
    const changes = differing(entry.before, entry.after);
    return html`<tr><td><span class="strong">${entry.action}</span>${targetOf(entry)}</td>
      <td class="muted small nowrap" title=${fullTimeOf(entry.at)}>${age(entry.at)}</td>
      <td class="wide actor"><a class="plain" title=${`All lines of ${entry.actor}`} href=${pathTo.auditOf({ actor: entry.actor })}>${nameOfActor(entry.actor)}</a><div class="muted small">${entry.ip ?? ''}</div></td>
      <td class="wide">${
        changes.length === 0
          ? nothing
          : html`<details><summary>${changes.map(([name]) => name).join(', ')}</summary>
              <dl class="changes">${changes.map(
                ([name, was, is]) => html`<dt>${name}</dt>
                  <dd>${was === undefined ? nothing : html`<del class="breaks">${shown(was)}</del>`}
                    ${is === undefined ? nothing : html`<ins class="breaks">${shown(is)}</ins>`}</dd>`,
              )}</dl>
              ${entry.requestId === null ? nothing : html`<p class="muted small">Request <code class="breaks">${entry.requestId}</code></p>`}</details>`
      }</td></tr>`;
  }

  #list(entries: readonly AuditEntry[]): TemplateResult {
    if (entries.length === 0) {
      return emptyState(
        'fileText',
        'Nothing was done',
        html`<p>No line answers these filters.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">Before and after</th></tr></thead>
      <tbody>${entries.map((entry) => this.#entry(entry))}</tbody></table></div>`;
  }

  protected override render() {
    const { entries, error, checking } = this;
    const isAdmin = this.app.user.role === 'admin';
    return html`<div class="page">
      <div class="page-head"><div><h1>Audit log</h1><p class="lead">Every change: who, what, before and after.</p></div>
        ${actionButton({
          label:
            checking.kind === 'running' ? `Checked ${checking.checked}…` : 'Check for tampering',
          refused: isAdmin ? null : 'Admins check it.',
          busy: checking.kind === 'running',
          run: () => void this.#check(),
        })}</div>
      ${accountTabs(this.app.user, 'audit')}
      <div aria-live="polite">${this.#verdict()}</div>
      <form class="grid-2" aria-label="Filters" @submit=${(event: Event) => this.#search(event)}>
        ${this.#field('actor', 'Who', 'user:ada@example.org')}
        ${this.#field('action', 'What', 'device.approve')}
        ${this.#field('target', 'On what', 'site:plant-7')}
        ${this.#field('from', 'From', '', 'date')}
        ${this.#field('until', 'Before', '', 'date')}
        <div class="field end"><button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : nothing}>Show</button></div></form>
      ${
        entries === null
          ? loading(error, 4, () => void this.#load(null))
          : html`${errorNotice(error)}<section class="card" aria-label="Lines">${this.#list(entries)}</section>
              ${this.next === null ? nothing : html`<div class="row"><button type="button" class="button" @click=${() => void this.#load(this.next)}>Older</button></div>`}`
      }</div>`;
  }
}
customElements.define('audit-page', AuditPage);
