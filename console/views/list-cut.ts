/** The foot of a list that was cut: there is more than it shows, and where the rest is. */
import { html, nothing, type TemplateResult } from 'lit';
import { isCut } from '../data/lists.ts';

/** `command`: what lists all of it. */
export const listCut = (
  list: readonly unknown[],
  command: string,
): TemplateResult | typeof nothing =>
  isCut(list)
    ? html`<div class="list-foot muted small">The first ${list.length}; there may be more. <code>signalbeam ${command} --all</code> lists all of them.</div>`
    : nothing;
