/** Says of a device that is no longer there what became of it, and of one that took a place, whose. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Device } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { notice } from '../ui/notice.ts';
import { pathTo } from './paths.ts';

const wiped = ({ wipe, wipedAt }: NonNullable<Device['removal']>): TemplateResult | string => {
  if (wipe === null) return '';
  const what = wipe === 'data' ? 'its keys and data' : 'its keys, its data and what it ran';
  return wipedAt === null
    ? `It shall wipe ${what}; it has not said yet that it did.`
    : html`It wiped ${what} ${age(wipedAt)}.`;
};

export const deviceRemoval = ({
  removal = null,
  replaces = null,
}: Device): TemplateResult | typeof nothing => {
  if (removal !== null) {
    const { replacedBy } = removal;
    return notice(
      'warn',
      html`<p>This device was ${removal.removal} ${age(removal.at)}. Only its history is left. ${wiped(removal)}
        ${replacedBy === null ? nothing : html`<a href=${pathTo.device(replacedBy)}>The device in its place</a>`}</p>`,
    );
  }
  if (replaces === null) return nothing;
  return notice(
    'idle',
    html`<p>This hardware took the place of another. <a href=${pathTo.device(replaces)}>The history of the hardware before</a></p>`,
  );
};
