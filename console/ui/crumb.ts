/** The way back up: one link above a page's title, the same on every page below a section. */
import { html, type TemplateResult } from 'lit';
import { icon } from './icons.ts';

export const crumb = (href: string, label: string): TemplateResult =>
  html`<a class="crumb" href=${href}>${icon('arrowLeft')}${label}</a>`;
