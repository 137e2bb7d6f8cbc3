/** The rules of alerts: what each does in a sentence, changed in place and checked by the cloud. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AlertRule, AlertRuleFields, AlertSeverity, AlertType } from '../data/alert-types.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { dialog } from '../ui/dialog.ts';
import { badge } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { alertTabs, severityOf, typeWords } from './alert-tabs.ts';
import './query-box.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';

const scopes = ['all', 'site', 'group', 'query'] as const;
type Scope = (typeof scopes)[number];
const scopeWords: Record<Scope, string> = {
  all: 'Every device',
  site: 'A site',
  group: 'A group',
  query: 'Devices that answer a query',
};
const scopeOf = ({ site, groupId, query }: AlertRule): Scope => {
  if (groupId !== null) return 'group';
  if (query !== null) return 'query';
  return site === null ? 'all' : 'site';
};

type Open =
  | { kind: 'make'; from: AlertRule }
  | { kind: 'change' | 'reset' | 'remove'; rule: AlertRule };

/** Empty: nothing of the kind. Anything that is no number is left to the cloud to refuse. */
const numberOf = (form: FormData, name: string): number | null => {
  const text = String(form.get(name) ?? '').trim();
  return text === '' ? null : Number(text);
};
const secondsOf = (form: FormData, name: string): number | null => {
  const minutes = numberOf(form, name);
  return minutes === null ? null : Math.round(minutes * 60);
};
const minutesOf = (seconds: number | null): string =>
  seconds === null ? '' : String(Math.round((seconds / 60) * 100) / 100);

/** Of a battery what is left is judged: less is worse, so its words are the other way round. */
const levelWords = (type: AlertType) =>
  type === 'low-battery'
    ? {
        ...{ bad: 'Bad at or below', well: 'Well again above' },
        hint: 'Higher than that, so that it does not flap.',
      }
    : {
        ...{ bad: 'Bad from', well: 'Well again below' },
        hint: 'Lower than “bad from”, so that it does not flap.',
      };

const fieldsOf = (form: FormData, rule: AlertRule): AlertRuleFields => {
  const severity = String(form.get('severity')) as AlertSeverity;
  const scope = String(form.get('scope') ?? 'all');
  const given = (name: string): string | null =>
    scope === name ? String(form.get(name) ?? '').trim() || null : null;
  return {
    name: String(form.get('name')).trim(),
    enabled: form.get('enabled') === 'on',
    severity,
    threshold: rule.threshold === null ? null : numberOf(form, 'threshold'),
    clearThreshold: rule.threshold === null ? null : numberOf(form, 'clearThreshold'),
    forSeconds: secondsOf(form, 'for') ?? 0,
    clearSeconds: secondsOf(form, 'clear') ?? 0,
    escalateAfterSeconds: severity === 'critical' ? null : secondsOf(form, 'escalate'),
    ...{ site: given('site'), groupId: given('group'), query: given('query') },
  };
};

class AlertRulesPage extends LitElement {
  static override properties = {
    shown: { state: true },
    error: { state: true },
    scope: { state: true },
  };
  app!: App;
  params: Params = {};
  shown: Open | null = null;
  error: ApiError | null = null;
  /** What the form that is open is for. */
  scope: Scope = 'all';
  #query = '';
  #groups = createResource(this, () => this.app.api.groups());
  #rules = createResource(this, () => this.app.api.alertRules());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['alerts'],
      onEvent: () => {},
      onResync: () => this.#rules.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  get #refused(): string | null {
    const role = refusedByRole(this.app.user);
    return role ?? (this.app.user.sites === null ? null : 'Rules are of every site.');
  }

  #open(shown: Open | null): void {
    this.error = null;
    this.shown = shown;
    if (shown?.kind === 'make') this.scope = 'site';
    else if (shown !== null) this.scope = scopeOf(shown.rule);
    this.#query = shown !== null && shown.kind !== 'make' ? (shown.rule.query ?? '') : '';
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
    // Also when somebody was faster: who opens the rule again begins with theirs.
    this.#rules.refresh();
  }

  #faultOf(path: string): TemplateResult | typeof nothing {
    const fault = this.error?.errors.find((each) => each.path === path);
    return fault === undefined
      ? nothing
      : html`<span class="reason" role="alert">${fault.message}</span>`;
  }

  #number(name: string, label: string, value: string, hint: string, path = name): TemplateResult {
    return html`<div class="field"><label for=${`rule-${name}`}>${label}</label>
      <input class="input" id=${`rule-${name}`} name=${name} type="number" step="any" min="0" value=${value} autocomplete="off" />
      ${hint === '' ? nothing : html`<span class="hint">${hint}</span>`}${this.#faultOf(path)}</div>`;
  }

  /** One of a site, a group and a query, or none of them. */
  #scopeFields(rule: AlertRule, isNew: boolean): TemplateResult {
    const chosen = scopes.filter((each) => !(isNew && each === 'all'));
    const groups = this.#groups.value ?? [];
    return html`<div class="field"><label for="rule-scope">For</label><select class="input" id="rule-scope" name="scope" @change=${(
      event: Event,
    ) => {
      this.scope = (event.target as HTMLSelectElement).value as Scope;
    }}>${chosen.map((each) => html`<option value=${each} ?selected=${this.scope === each}>${scopeWords[each]}</option>`)}</select>
      <span class="hint">Where several rules of a type fit a device, one holds: a group’s before a query’s, that before its site’s, that before the general one; of two alike the first by name.</span></div>
      ${
        this.scope === 'site'
          ? html`<div class="field"><label for="rule-site">Site</label>
        <input class="input mono" id="rule-site" name="site" required maxlength="63" value=${rule.site ?? ''} autocomplete="off" autocapitalize="off" />${this.#faultOf('site')}</div>`
          : nothing
      }
      ${
        this.scope === 'group'
          ? html`<div class="field"><label for="rule-group">Group</label><select class="input" id="rule-group" name="group" required>
        <option value="">Choose a group</option>${groups.map(({ id, name }) => html`<option value=${id} ?selected=${rule.groupId === id}>${name}</option>`)}</select>${this.#faultOf('groupId')}</div>`
          : nothing
      }
      ${
        this.scope === 'query'
          ? html`<div class="field"><span class="label">Query</span><query-box .app=${this.app} .query=${this.#query} label="Query about tags"
          @query=${(event: CustomEvent<string>) => {
            this.#query = event.detail;
            this.requestUpdate();
          }}></query-box><input type="hidden" name="query" .value=${this.#query} />
        <span class="hint">Over tags, name, site, bundle and version.</span>${this.#faultOf('query')}</div>`
          : nothing
      }`;
  }

  #form(rule: AlertRule, isNew: boolean): TemplateResult {
    const act = async (form: FormData): Promise<string> => {
      const fields = fieldsOf(form, rule);
      const type = String(form.get('type') ?? rule.type) as AlertType;
      const { api } = this.app;
      const saved = isNew
        ? await api.createAlertRule({ type, ...fields })
        : await api.changeAlertRule(rule, fields);
      return saved.consequence;
    };
    const { threshold, clearThreshold, forSeconds, clearSeconds, escalateAfterSeconds } = rule;
    const isNumber = threshold !== null;
    const words = levelWords(rule.type);
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error, 'at-the-fields')}
      <p class="muted">${isNew ? `Holds for them instead of “${rule.name}”.` : `Now: ${rule.consequence}`}</p>
      <div class="field"><label for="rule-name">Name</label><input class="input" id="rule-name" name="name" required maxlength="100" value=${isNew ? '' : rule.name} autocomplete="off" autofocus />${this.#faultOf('name')}</div>
      <label class="check"><input type="checkbox" name="enabled" ?checked=${rule.enabled} /> It watches</label>
      <div class="field"><label for="rule-severity">How loud</label><select class="input" id="rule-severity" name="severity">
        ${(['info', 'warning', 'critical'] as const).map((each) => html`<option value=${each} ?selected=${rule.severity === each}>${severityOf({ severity: each, status: 'active' }).word}</option>`)}</select></div>
      ${
        isNumber
          ? html`${this.#number('threshold', words.bad, String(threshold), '')}
            ${this.#number('clearThreshold', words.well, clearThreshold === null ? '' : String(clearThreshold), words.hint)}`
          : nothing
      }
      ${this.#number('for', 'For how many minutes', minutesOf(forSeconds), 'It must be bad all that time before anybody is told.', 'forSeconds')}
      ${this.#number('clear', 'Well for how many minutes', minutesOf(clearSeconds), 'Then it resolves by itself.', 'clearSeconds')}
      ${this.#number('escalate', 'Critical after how many minutes', minutesOf(escalateAfterSeconds), 'Unless somebody acknowledges it. Empty: never.', 'escalateAfterSeconds')}
      ${rule.type === 'rollout-failed' ? nothing : this.#scopeFields(rule, isNew)}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#open(null)}>Cancel</button>
        <button type="submit" class="button primary">${isNew ? 'Make rule' : 'Save'}</button></div></form>`;
  }

  #question(kind: 'reset' | 'remove', rule: AlertRule): TemplateResult {
    const act = async (): Promise<string> => {
      if (kind === 'remove') {
        await this.app.api.removeAlertRule(rule.id);
        return `${rule.name} is deleted.`;
      }
      return (await this.app.api.resetAlertRule(rule.id)).consequence;
    };
    const words =
      kind === 'remove'
        ? 'Its open alerts resolve. The next rule of its type that fits holds for its devices.'
        : 'Threshold, times and severity become what they were in the beginning. Open alerts stay as they were raised.';
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, act)}>${errorNotice(this.error)}<p>${words}</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#open(null)}>Cancel</button>
        <button type="submit" class="button ${kind === 'remove' ? 'danger solid' : 'primary'}">${kind === 'remove' ? 'Delete rule' : 'Reset'}</button></div></form>`;
  }

  #row(rule: AlertRule): TemplateResult {
    const refused = this.#refused;
    const button = (kind: 'change' | 'reset' | 'remove', label: string, look = '') =>
      actionButton({ label, look, refused, hushed: true, run: () => this.#open({ kind, rule }) });
    const off = { shape: 'bar', tone: 'idle', word: 'Off' } as const;
    const type = typeWords[rule.type] ?? rule.type;
    const where = {
      ...{ all: type, site: `${type} at ${rule.site}`, query: `${type} where ${rule.query}` },
      group: `${type} in ${rule.groupName ?? 'a group that is gone'}`,
    }[scopeOf(rule)];
    // A rule as it came is called like its type: once is enough.
    const about = [
      ...(where === rule.name ? [] : [where]),
      ...(rule.builtIn && rule.changed ? ['changed'] : []),
    ].join(' · ');
    return html`<tr><td><span class="strong">${rule.name}</span>${about === '' ? nothing : html`<div class="muted small">${about}</div>`}</td><td>${badge(rule.enabled ? severityOf({ severity: rule.severity, status: 'active' }) : off)}</td>
      <td class="muted wide">${rule.consequence}</td>
      <td class="end"><div class="row">${button('change', 'Change')}${
        rule.builtIn
          ? rule.changed
            ? button('reset', 'Reset')
            : nothing
          : button('remove', 'Delete', 'danger')
      }</div></td></tr>`;
  }

  #dialog(): TemplateResult {
    const { shown } = this;
    const label =
      shown === null
        ? ''
        : shown.kind === 'make'
          ? 'A rule for some devices'
          : {
              change: `Change ${shown.rule.name}`,
              reset: `Reset ${shown.rule.name}?`,
              remove: `Delete ${shown.rule.name}?`,
            }[shown.kind];
    return dialog({
      label,
      open: shown !== null,
      onClose: () => this.#open(null),
      body: () =>
        shown === null
          ? html``
          : shown.kind === 'make'
            ? html`<div class="stack"><div class="field"><label for="rule-type">What it watches</label>
                <select class="input" id="rule-type" @change=${(event: Event) => {
                  const type = (event.target as HTMLSelectElement).value;
                  const from = this.#rules.value?.find(({ id }) => id === type);
                  if (from !== undefined) this.#open({ kind: 'make', from });
                }}>${(this.#rules.value ?? [])
                  .filter(({ builtIn, type }) => builtIn && type !== 'rollout-failed')
                  .map(
                    ({ type }) =>
                      html`<option value=${type} ?selected=${shown.from.type === type}>${typeWords[type] ?? type}</option>`,
                  )}</select></div>${this.#form({ ...shown.from, site: null, groupId: null, query: null }, true)}</div>`
            : shown.kind === 'change'
              ? this.#form(shown.rule, false)
              : this.#question(shown.kind, shown.rule),
    });
  }

  protected override render() {
    const { value, error } = this.#rules;
    const first = value?.find(({ type }) => type === 'low-disk');
    return html`<div class="page"><div class="page-head"><div><h1>Rules of alerts</h1>
        <p class="lead">What is watched, and when somebody is told.</p></div>
        ${actionButton({
          label: 'Rule for some devices',
          icon: 'plus',
          look: 'primary',
          refused: this.#refused,
          run: () => {
            if (first !== undefined) this.#open({ kind: 'make', from: first });
          },
        })}</div>
      ${alertTabs('rules')}
      ${
        value === undefined
          ? loading(error, 8, this.#rules.refresh)
          : html`${errorNotice(error)}<section class="card" aria-label="Rules"><div class="scroll"><table class="fold"><thead><tr><th scope="col">Rule</th><th scope="col">How loud</th><th scope="col">What it does</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>${value.map((rule) => this.#row(rule))}</tbody></table></div></section>`
      }${this.#dialog()}</div>`;
  }
}
customElements.define('alert-rules-page', AlertRulesPage);
