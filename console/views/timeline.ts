/** What happened, newest first. The device's own time is shown; a late arrival says so. */
import { html, nothing, type TemplateResult } from 'lit';
import { clockOf, fullTimeOf, millisOf, spanOf } from '../data/format.ts';
import { severityMark } from '../data/status.ts';
import type { Instant } from '../data/types.ts';
import { glyph } from '../ui/glyph.ts';

export type TimelineEvent = {
  at: Instant;
  receivedAt?: Instant | null;
  type: string;
  severity: string;
  message: string;
};

/** From this delay on an event was kept on the device while the link was away. */
const lateMs = 120_000;

const late = (event: TimelineEvent): TemplateResult | typeof nothing => {
  if (event.receivedAt === undefined || event.receivedAt === null) return nothing;
  const delay = millisOf(event.receivedAt) - millisOf(event.at);
  return delay < lateMs ? nothing : html`<span class="tag">arrived ${spanOf(delay)} later</span>`;
};

export const timeline = (events: readonly TimelineEvent[], now: number): TemplateResult =>
  html`<ol class="timeline">${events.map((event) => {
    const mark = severityMark(event.severity);
    return html`<li><span class="tone-${mark.tone}">${glyph(mark.shape)}<span class="visually-hidden">${mark.word}</span></span>
      <span class="grow">${event.message} ${late(event)}</span>
      <time class="muted small nowrap" datetime=${new Date(millisOf(event.at)).toISOString()} title=${fullTimeOf(event.at)}>${clockOf(event.at, now)}</time></li>`;
  })}</ol>`;
