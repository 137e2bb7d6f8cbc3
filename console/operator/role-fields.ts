/** Role and sites, as every form about an account asks for them. */
import { html, type TemplateResult } from 'lit';
import type { Role, Site } from '../data/types.ts';

export const roleWords: Record<Role, string> = {
  viewer: 'Viewer: looks at everything',
  operator: 'Operator: changes devices, bundles and rollouts',
  admin: 'Admin: keeps people and keys, too',
};

export const roleFields = (given: {
  role: Role;
  sites: readonly string[] | null;
  all: readonly Site[];
}): TemplateResult => html`<div class="field"><label for="role">Role</label>
    <select class="input" id="role" name="role">${Object.entries(roleWords).map(
      ([role, words]) =>
        html`<option value=${role} ?selected=${role === given.role}>${words}</option>`,
    )}</select></div>
  ${
    given.all.length === 0
      ? ''
      : html`<fieldset class="choices"><legend>Only these sites <span class="muted">(none ticked: all)</span></legend>
          ${given.all.map(
            ({ name }) =>
              html`<label class="check"><input type="checkbox" name="site" value=${name} ?checked=${given.sites?.includes(name) === true} /> ${name}</label>`,
          )}</fieldset>`
  }`;

export const readRoleFields = (form: FormData): { role: Role; sites: string[] | null } => {
  const sites = form.getAll('site').map(String);
  return { role: String(form.get('role')) as Role, sites: sites.length === 0 ? null : sites };
};

export const sitesText = (sites: readonly string[] | null): string =>
  sites === null ? 'every site' : sites.join(', ');
