/** The form of an identity provider: what is asked for, and what of it becomes the request. */
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FieldError } from '../data/request.ts';
import type { IdentityProvider, Role, RoleRule } from '../data/types.ts';
import { icon } from '../ui/icons.ts';

export type ProviderWish = Omit<IdentityProvider, 'hasSecret'> & { clientSecret?: string | null };

export const noProvider: IdentityProvider = {
  ...{ name: '', issuer: '', clientId: '', listed: true, roleClaim: 'groups', roleRules: [] },
  ...{ defaultRole: null, linkByEmail: false, hasSecret: false },
};

const roles: readonly Role[] = ['viewer', 'operator', 'admin'];

const sitesFrom = (text: string): string[] | null => {
  const names = text.split(/[,\s]+/).filter((name) => name !== '');
  return names.length === 0 ? null : names;
};

/** A secret that is left empty stays what it was; rules without a value are left out. */
export const wishFrom = (form: FormData): ProviderWish => {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  const [values, ruleRoles, sites] = ['rule-value', 'rule-role', 'rule-sites'].map((name) =>
    form.getAll(name).map(String),
  );
  const roleRules = (values ?? []).flatMap((value, index): RoleRule[] => {
    const role = (ruleRoles?.[index] ?? 'viewer') as Role;
    return value.trim() === ''
      ? []
      : [{ value: value.trim(), role, sites: sitesFrom(sites?.[index] ?? '') }];
  });
  const secret = text('client-secret');
  const fallback = text('default-role');
  return {
    ...{ name: text('name'), issuer: text('issuer'), clientId: text('client-id') },
    ...{ listed: form.has('listed'), linkByEmail: form.has('link-by-email') },
    ...{ roleClaim: text('role-claim'), roleRules },
    defaultRole: fallback === '' ? null : (fallback as Role),
    ...(form.has('public-client') ? { clientSecret: null } : {}),
    ...(secret === '' ? {} : { clientSecret: secret }),
  };
};

type Field = { name: string; label: string; value: string; hint: string; type?: string };

const field = (
  { name, label, value, hint, type = 'text' }: Field,
  errors: readonly FieldError[],
): TemplateResult => {
  const path = { 'client-id': 'clientId', 'role-claim': 'roleClaim' }[name] ?? name;
  const found = errors.filter((error) => error.path === path);
  return html`<div class="field"><label for=${name}>${label}</label>
    <input class="input" id=${name} name=${name} type=${type} .value=${value} required maxlength="500" autocomplete="off" spellcheck="false" aria-describedby="${name}-said" />
    ${
      found.length === 0
        ? html`<span class="hint" id="${name}-said">${hint}</span>`
        : html`<ul class="field-errors" id="${name}-said">${found.map(({ message }) => html`<li>${icon('circleAlert')}<span>${message}</span></li>`)}</ul>`
    }</div>`;
};

const options = (chosen: Role | null): TemplateResult[] =>
  roles.map((role) => html`<option value=${role} ?selected=${role === chosen}>${role}</option>`);

const ruleRow = (rule: RoleRule, index: number, remove: () => void): TemplateResult =>
  html`<div class="rule-row" role="group" aria-label="Rule ${index + 1}">
    <div class="field"><label for="rule-value-${index}">Claim has</label>
      <input class="input" id="rule-value-${index}" name="rule-value" .value=${rule.value} maxlength="200" spellcheck="false" placeholder="fleet-admins" /></div>
    <div class="field"><label for="rule-role-${index}">Role</label>
      <select class="input" id="rule-role-${index}" name="rule-role">${options(rule.role)}</select></div>
    <div class="field"><label for="rule-sites-${index}">Sites</label>
      <input class="input" id="rule-sites-${index}" name="rule-sites" .value=${rule.sites?.join(', ') ?? ''} spellcheck="false" placeholder="every site" /></div>
    <button type="button" class="button" @click=${remove}>Remove rule</button></div>`;

/** `key` of each rule stays with it, so that removing one leaves what is typed in the others. */
export const providerFields = (given: {
  provider: IdentityProvider;
  rules: readonly { key: number; rule: RoleRule }[];
  errors: readonly FieldError[];
  addRule: () => void;
  removeRule: (key: number) => void;
}): TemplateResult => {
  const { provider, rules, errors, addRule, removeRule } = given;
  return html`<section class="card padded stack"><h2>The provider</h2>
      ${field({ name: 'name', label: 'Name', value: provider.name, hint: 'On the button of the sign-in page: Sign in with …' }, errors)}
      ${field({ name: 'issuer', label: 'Issuer', value: provider.issuer, type: 'url', hint: 'As the provider writes it, https://login.example.org' }, errors)}
      ${field({ name: 'client-id', label: 'Client id', value: provider.clientId, hint: 'Of the client that was made there for this console' }, errors)}
      <div class="field"><label for="client-secret">Client secret</label>
        <input class="input" id="client-secret" name="client-secret" type="password" autocomplete="off" maxlength="500" aria-describedby="secret-hint" />
        <span class="hint" id="secret-hint">${provider.hasSecret ? 'One is kept. Left empty it stays, while the issuer does.' : 'Kept under the key-encryption key, and never shown again.'}</span></div>
      <label class="check"><input type="checkbox" name="public-client" /><span>A public client, which has no secret</span></label>
      <label class="check"><input type="checkbox" name="listed" .checked=${provider.listed} /><span>Show its button on the sign-in page</span></label></section>
    <section class="card padded stack"><h2>Who may what</h2>
      <p class="muted">Role and sites follow the provider at each sign-in. Of several rules the one that allows most counts.</p>
      ${field({ name: 'role-claim', label: 'Claim', value: provider.roleClaim, hint: 'Of the ID token. A dotted name reaches into objects: realm_access.roles' }, errors)}
      ${repeat(
        rules,
        ({ key }) => key,
        ({ key, rule }, index) => ruleRow(rule, index, () => removeRule(key)),
      )}
      <div><button type="button" class="button" @click=${addRule}>${icon('plus')}Add rule</button></div>
      <div class="field"><label for="default-role">Whom no rule names</label>
        <select class="input" id="default-role" name="default-role">
          <option value="" ?selected=${provider.defaultRole === null}>is not let in</option>${options(provider.defaultRole)}</select></div>
      <label class="check"><input type="checkbox" name="link-by-email" .checked=${provider.linkByEmail} /><span>Whoever has an account here takes it over by its e-mail address, if the provider verified that</span></label>
      ${rules.length === 0 && provider.defaultRole === null ? html`<p class="small muted">Without a rule or a role for the others nobody is let in.</p>` : nothing}</section>`;
};
