/** What bundles may ask of a device: seen by everybody, changed by admins. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  findingsOf,
  formOf,
  type PolicyField,
  type PolicyForm,
  policyFrom,
  rulesOf,
} from '../data/policy-form.ts';
import type { ApiError, FieldError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { BundlePolicy, PolicyRules } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { crumb } from '../ui/crumb.ts';
import { icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, followLive } from './app.ts';
import { pathTo } from './paths.ts';

type ListField = 'registries' | 'hostPaths' | 'hostPorts';
type Any = Record<ListField, boolean>;

const lists: readonly { field: ListField; title: string; any: string; hint: string }[] = [
  {
    field: 'registries',
    title: 'Registries',
    any: 'Any that the installation allows',
    hint: 'One a line: docker.io, registry.example:5000, or a part of one such as ghcr.io/acme. Uploaded images are always allowed.',
  },
  {
    field: 'hostPaths',
    title: 'Paths of the host',
    any: 'All that the installation allows',
    hint: 'One a line, with all below it; read-only unless :rw follows.',
  },
  {
    field: 'hostPorts',
    title: 'Ports of the host',
    any: 'Any',
    hint: 'One a line: 443 or 8000-8999.',
  },
];

class PolicyPage extends LitElement {
  static override properties = {
    form: { state: true },
    any: { state: true },
    findings: { state: true },
    error: { state: true },
    busy: { state: true },
  };
  app!: App;
  params: Params = {};
  form: PolicyForm | null = null;
  any: Any = { registries: true, hostPaths: true, hostPorts: true };
  findings: readonly FieldError[] = [];
  error: ApiError | null = null;
  busy = false;
  #policy = createResource(this, async () => {
    const policy = await this.app.api.policy();
    this.#take(policy);
    return policy;
  });

  constructor() {
    super();
    // What is being written stays as it is.
    followLive(this, () => this.app, { topics: () => [], onEvent: () => {}, onResync: () => {} });
  }

  protected override createRenderRoot() {
    return this;
  }

  #take(policy: BundlePolicy): void {
    this.form = formOf(policy);
    this.any = {
      registries: policy.registries === null,
      hostPaths: policy.hostPaths === null,
      hostPorts: policy.hostPorts === null,
    };
  }

  #set(more: Partial<PolicyForm>): void {
    if (this.form !== null) this.form = { ...this.form, ...more };
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const policy = this.#policy.value;
    if (this.form === null || policy === undefined) return;
    const rules: PolicyRules | null = policyFrom(this.form, this.any);
    if (rules === null) {
      this.findings = [{ path: 'hostPorts', message: 'must be numbers such as 443 or 8000-8999' }];
      return;
    }
    this.busy = true;
    this.findings = [];
    this.error = null;
    try {
      await this.app.api.changePolicy(policy, rules, this.app.user.tenantId);
      this.#policy.refresh();
      notify('ok', 'The policy is changed. It holds for versions made from now on.');
    } catch (error) {
      const failed = asError(error);
      this.findings = failed.errors;
      this.error = failed.errors.length > 0 ? null : failed;
    }
    this.busy = false;
  }

  #errorsAt(field: PolicyField): TemplateResult | typeof nothing {
    const found = findingsOf(this.findings, field);
    if (found.length === 0) return nothing;
    return html`<ul class="field-errors" id="${field}-errors">${found.map((message) => html`<li>${icon('circleAlert')}<span>${message}</span></li>`)}</ul>`;
  }

  #list(form: PolicyForm, { field, title, any, hint }: (typeof lists)[number]): TemplateResult {
    const open = this.any[field];
    return html`<fieldset class="stack"><legend><h2>${title}</h2></legend>
      <label class="check"><input type="checkbox" .checked=${open} @change=${() => {
        this.any = { ...this.any, [field]: !open };
      }} /><span>${any}</span></label>
      ${
        open
          ? nothing
          : html`<div class="field"><label for=${field}>Only these</label>
        <textarea class="input mono" id=${field} rows="4" spellcheck="false" .value=${form[field]} aria-describedby="${field}-errors ${field}-hint"
          @input=${(event: InputEvent) => this.#set({ [field]: (event.target as HTMLTextAreaElement).value })}></textarea>
        ${this.#errorsAt(field)}<span class="hint" id="${field}-hint">${hint}</span></div>`
      }</fieldset>`;
  }

  #number(form: PolicyForm, field: 'memoryMiB' | 'cpus', label: string): TemplateResult {
    return html`<div class="field"><label for=${field}>${label}</label>
      <input class="input" id=${field} inputmode="decimal" pattern="[0-9]*([.][0-9]+)?" placeholder="no bound" .value=${form[field]} aria-describedby="${field}-errors"
        @input=${(event: InputEvent) => this.#set({ [field]: (event.target as HTMLInputElement).value })} />
      ${this.#errorsAt(field)}</div>`;
  }

  #check(
    form: PolicyForm,
    field: 'loopbackOnly' | 'limitsRequired',
    label: string,
  ): TemplateResult {
    return html`<label class="check"><input type="checkbox" .checked=${form[field]} @change=${() => this.#set({ [field]: !form[field] })} /><span>${label}</span></label>`;
  }

  #form(form: PolicyForm, policy: BundlePolicy): TemplateResult {
    const refused = this.app.user.role === 'admin' ? null : 'Admins change it.';
    const changed = JSON.stringify(policyFrom(form, this.any)) !== JSON.stringify(rulesOf(policy));
    const { registries, hostPaths } = policy.installation;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#save(event)}>
      ${notice(
        'info',
        html`<p>The installation allows ${registries === null ? 'any registry' : `images of ${registries.join(', ')}`}, and of the host's paths
          ${hostPaths === null || hostPaths.length === 0 ? 'none' : hostPaths.map(({ path, writable }) => `${path}${writable ? '' : ' (read-only)'}`).join(', ')}.
          What is said here narrows that; it never widens it.</p>`,
      )}
      <section class="card padded stack">${lists.map((each) => this.#list(form, each))}
        ${this.#check(form, 'loopbackOnly', 'Ports on the device itself only (127.0.0.1)')}</section>
      <section class="card padded stack"><h2>Limits of a container</h2>
        ${this.#check(form, 'limitsRequired', 'Every container must name its memory and processors')}
        <div class="grid-2">${this.#number(form, 'memoryMiB', 'Memory at most, in MiB')}${this.#number(form, 'cpus', 'Processors at most')}</div></section>
      <div>${
        refused === null
          ? html`<button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : nothing} ?disabled=${!changed}>Save policy</button>`
          : actionButton({ label: 'Save policy', look: 'primary', refused, run: () => {} })
      }</div></form>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#policy;
    return html`<div class="page"><div class="page-head"><div>${crumb(pathTo.bundles(), 'Bundles')}<h1>Bundle policy</h1>
        <p class="lead">What versions made from now on may ask of a device. Released ones stay as they are.</p></div></div>
      ${errorNotice(this.error)}
      ${value === undefined || this.form === null ? loading(error, 4, refresh) : this.#form(this.form, value)}</div>`;
  }
}
customElements.define('policy-page', PolicyPage);
