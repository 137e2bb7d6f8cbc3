/** Whom a new rollout is for: devices picked one by one, a group, a site or everybody. */
import { html, nothing, type TemplateResult } from 'lit';
import type { RolloutWish } from '../data/rollout-types.ts';
import type { Group } from '../data/types.ts';

export type Whom = {
  target: Exclude<RolloutWish['target'], { kind: 'devices' }> | null;
  late: boolean;
};
export const pickedDevices: Whom = { target: null, late: false };

/** As the value of an option, and back. */
const optionOf = ({ target }: Whom): string => {
  switch (target?.kind) {
    case 'group':
      return `group:${target.groupId}`;
    case 'site':
      return `site:${target.site}`;
    case 'all':
      return 'all:';
    default:
      return '';
  }
};

const whomOf = (value: string): Whom => {
  const [kind, rest] = [value.slice(0, value.indexOf(':')), value.slice(value.indexOf(':') + 1)];
  if (kind === 'all') return { target: { kind }, late: false };
  if (kind === 'site') return { target: { kind, site: rest }, late: false };
  return kind === 'group' ? { target: { kind, groupId: rest }, late: true } : pickedDevices;
};

export const whomFields = (
  whom: Whom,
  known: { groups: readonly Group[]; sites: readonly string[] },
  change: (whom: Whom) => void,
): TemplateResult => {
  const chosen = optionOf(whom);
  const option = (value: string, label: string) =>
    html`<option value=${value} ?selected=${value === chosen}>${label}</option>`;
  return html`<div class="stack"><div class="field"><label for="whom">Whom</label>
      <select class="input" id="whom" @change=${(event: Event) => change(whomOf((event.target as HTMLSelectElement).value))}>
        ${option('', 'The devices that I choose')}${option('all:', 'Every device')}
        ${known.groups.map(({ id, name }) => option(`group:${id}`, `Group ${name}`))}
        ${known.sites.map((site) => option(`site:${site}`, `Site ${site}`))}</select></div>
    ${
      whom.target === null
        ? nothing
        : html`<label class="choice"><input type="checkbox" .checked=${whom.late} @change=${(event: Event) => change({ ...whom, late: (event.target as HTMLInputElement).checked })} />
          <span><b>Also who comes to it later</b><span class="muted small">As long as the rollout goes on, in the wave that would have taken it.</span></span></label>`
    }</div>`;
};
