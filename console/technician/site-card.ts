/** The other devices of the site: who is there, who is the gateway and why, and what was refused. */
import { html, nothing, type TemplateResult } from 'lit';
import { clockOf, fullTimeOf } from '../data/format.ts';
import { age } from '../ui/age.ts';
import { bareMark } from '../ui/glyph.ts';
import { notice } from '../ui/notice.ts';
import {
  gatewaySentence,
  memberFacts,
  memberMark,
  memberName,
  refusedSentence,
  siteSentence,
} from './site-words.ts';
import type { LocalDevice, LocalMember, LocalSite } from './types.ts';

/** An age would read as if nothing had been heard of it since. */
const sinceOf = ({ status, since }: LocalMember, now: number): string =>
  `${status === 'left' ? 'at' : 'since'} ${clockOf(since, now)}`;

const row = (member: LocalMember, now: number): TemplateResult =>
  html`<li class="padded row top"><span class="grow"><span class="strong">${memberName(member)}</span>
      <span class="muted small facts-line">${memberFacts(member)}</span></span>
    <span>${bareMark(memberMark(member))} ${member.status === 'unknown' ? nothing : html`<span class="muted small" title=${fullTimeOf(member.since)}>${sinceOf(member, now)}</span>`}</span></li>`;

export const siteCard = (
  site: LocalSite | null,
  device: LocalDevice,
): TemplateResult | typeof nothing => {
  if (site === null) return nothing;
  const refused = refusedSentence(site);
  return html`<section class="card" aria-labelledby="site-title"><header><h2 id="site-title">Devices of this site</h2></header>
    <div class="body stack tight"><p>${siteSentence(site)} ${gatewaySentence(site, device)}</p>
      ${site.waiting === '' ? nothing : html`<p class="muted">${site.waiting}</p>`}
      ${site.warnings.map(({ text, at }) => notice('warn', html`<p>${text} <span class="small">${age(at)}</span></p>`))}
      ${refused === '' ? nothing : html`<p class="muted small">${refused}</p>`}</div>
    ${site.members.length === 0 ? nothing : html`<ul class="rows">${site.members.map((member) => row(member, device.now))}</ul>`}</section>`;
};
