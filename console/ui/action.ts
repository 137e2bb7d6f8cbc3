/**
 * A button that may be refused: disabled with its reason in sight, never hidden, and still
 * reachable by keyboard so that the reason is heard.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { type IconName, icon } from './icons.ts';

export type Action = {
  label: string;
  run: () => void;
  /** Why it can't be done now; null when it can. */
  refused?: string | null;
  /** The reason is already in sight nearby: then only a tooltip and screen readers repeat it. */
  hushed?: boolean;
  busy?: boolean;
  look?: string;
  icon?: IconName;
};

let count = 0;
const reasonIds = new Map<string, string>();
const reasonId = (text: string): string => {
  const known = reasonIds.get(text);
  if (known !== undefined) return known;
  count += 1;
  reasonIds.set(text, `reason-${count}`);
  return `reason-${count}`;
};

export const actionButton = (action: Action): TemplateResult => {
  const refused = action.refused ?? null;
  const id = refused === null ? null : reasonId(`${action.label}: ${refused}`);
  const run = (): void => {
    if (refused === null && action.busy !== true) action.run();
  };
  return html`<span class="reasoned">
    <button type="button" class="button ${action.look ?? ''}"
      aria-disabled=${refused === null ? nothing : 'true'} aria-busy=${action.busy === true ? 'true' : nothing}
      aria-describedby=${id ?? nothing} title=${refused ?? nothing} @click=${run}>
      ${action.icon === undefined ? nothing : icon(action.icon)}${action.label}
    </button>
    ${refused === null ? nothing : html`<span class=${action.hushed === true ? 'visually-hidden' : 'reason'} id=${id}>${refused}</span>`}
  </span>`;
};
