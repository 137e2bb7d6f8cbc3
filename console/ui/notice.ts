/** What went wrong or is worth knowing, in place. Errors show their code, for a search or a call. */
import { html, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { type IconName, icon } from './icons.ts';

export type NoticeTone = 'info' | 'warn' | 'bad' | 'ok' | 'idle';
const icons: Record<NoticeTone, IconName> = {
  info: 'info',
  warn: 'alert',
  bad: 'circleAlert',
  ok: 'check',
  idle: 'clock',
};

export const notice = (tone: NoticeTone, content: unknown): TemplateResult =>
  html`<div class="note ${tone}">${icon(icons[tone])}<div class="grow">${content}</div></div>`;

/** Of a form with very much wrong in it. */
const faultsShownMax = 6;

const faultList = ({ errors }: ApiError): TemplateResult | typeof nothing =>
  errors.length === 0
    ? nothing
    : html`<ul class="small">${errors
        .slice(0, faultsShownMax)
        .map(
          ({ path, message }) =>
            html`<li>${path === '' ? nothing : html`<code>${path}</code> `}${message}</li>`,
        )}</ul>`;

/** `faults`: what is wrong field by field is said here, or at the fields. */
export const errorNotice = (
  error: ApiError | null,
  faults: 'here' | 'at-the-fields' = 'here',
): TemplateResult | typeof nothing =>
  error === null
    ? nothing
    : html`<div role="alert">${notice(
        'bad',
        html`<p>${error.message} ${error.next ?? nothing}</p>${faults === 'here' ? faultList(error) : nothing}
          <p class="small muted">Code <code>${error.code}</code></p>`,
      )}</div>`;

/**
 * While nothing has arrived yet: the error if there is one, with a way to ask again where that can
 * help, else a quiet placeholder.
 */
export const loading = (error: ApiError | null, rows = 3, again?: () => void): TemplateResult =>
  error !== null
    ? html`<div class="stack tight">${errorNotice(error)}${
        again === undefined || error.status === 404 || error.status === 403
          ? nothing
          : html`<div><button type="button" class="button" @click=${again}>Try again</button></div>`
      }</div>`
    : html`<div class="stack tight" role="status" aria-label="Loading">
        ${Array.from({ length: rows }, () => html`<div class="skeleton" style="height:38px"></div>`)}
      </div>`;

export const emptyState = (name: IconName, title: string, content: unknown): TemplateResult =>
  html`<div class="empty">${icon(name)}<h2>${title}</h2>${content}</div>`;
