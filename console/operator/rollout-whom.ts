/** Whom a new rollout is for: devices picked one by one, a group, a site or everybody. */
import { html, nothing, type TemplateResult } from 'lit';
import type { DeviceChoice } from '../data/fleet-filter.ts';
import { countedOf } from '../data/format.ts';
import type { RolloutWish } from '../data/rollout-types.ts';
import type { Group, Site } from '../data/types.ts';
import { notice } from '../ui/notice.ts';

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

/** The parameters of the API's lists. */
export const choiceOfWhom = ({ target }: Whom): DeviceChoice => {
  if (target?.kind === 'group') return { group: target.groupId };
  return target?.kind === 'site' ? { site: target.site } : {};
};

export type Meant = { whom: Whom; devices: number; away: number };

/** What a rollout to them means. */
export const meantNotice = ({ whom: { target }, devices, away }: Meant): TemplateResult => {
  if (devices === 0)
    return notice(
      'idle',
      target === null
        ? html`<p>Choose the devices that shall run it. Those that are not online now get it when they come back.</p>`
        : html`<p>Nobody is in it now.</p>`,
    );
  const when =
    target?.kind === 'group' ? ', and whoever else is in it when the rollout begins,' : '';
  return notice(
    'info',
    html`<p>${countedOf(devices, 'device')}${when} ${devices === 1 && when === '' ? 'downloads and checks' : 'download and check'} everything first, then swap${devices === 1 && when === '' ? 's' : ''}.
      A version that is not healthy in time is taken back by the device itself.
      ${away === 0 ? '' : `${away} of them ${away === 1 ? 'is' : 'are'} not online: the rollout waits for them and shows them as unreached.`}</p>`,
  );
};

export const whomFields = (
  whom: Whom,
  known: { groups: readonly Group[]; sites: readonly Site[] },
  change: (whom: Whom) => void,
): TemplateResult => {
  const chosen = optionOf(whom);
  const option = (value: string, label: string) =>
    html`<option value=${value} ?selected=${value === chosen}>${label}</option>`;
  return html`<div class="stack"><div class="field"><label for="whom">Whom</label>
      <select class="input" id="whom" @change=${(event: Event) => change(whomOf((event.target as HTMLSelectElement).value))}>
        ${option('', 'The devices that I choose')}${option('all:', 'Every device')}
        ${known.groups.map(({ id, name }) => option(`group:${id}`, `Group ${name}`))}
        ${known.sites.map(({ name, title }) => option(`site:${name}`, title === '' ? `Site ${name}` : `Site ${title} (${name})`))}</select></div>
    ${
      whom.target === null
        ? nothing
        : html`<label class="choice"><input type="checkbox" .checked=${whom.late} @change=${(event: Event) => change({ ...whom, late: (event.target as HTMLInputElement).checked })} />
          <span><b>Also who comes to it later</b><span class="muted small">As long as the rollout goes on, in the wave that would have taken it.</span></span></label>`
    }</div>`;
};
