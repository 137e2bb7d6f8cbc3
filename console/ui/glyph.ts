/**
 * Status as shape and hue: no two shapes of one list are alike without colour. The word beside it
 * is the accessible name.
 */
import { html, svg, type TemplateResult } from 'lit';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'idle';
export type Shape =
  | 'disc'
  | 'ring'
  | 'dashed'
  | 'diamond'
  | 'triangle'
  | 'half'
  | 'tick'
  | 'cross'
  | 'bar'
  | 'broken';

const shapes: Record<Shape, TemplateResult> = {
  disc: svg`<circle cx="6" cy="6" r="4.5" fill="currentColor"/>`,
  ring: svg`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.8"/>`,
  dashed: svg`<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.7" stroke-dasharray="2.2 2.2"/>`,
  diamond: svg`<path d="M6 .8 11.2 6 6 11.2.8 6Z" fill="currentColor"/>`,
  triangle: svg`<path d="M6 1 11.4 10.8H.6Z" fill="currentColor"/>`,
  half: svg`<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.7"/><path d="M6 1.8a4.2 4.2 0 0 1 0 8.4Z" fill="currentColor"/>`,
  tick: svg`<path d="m1.8 6.4 2.9 2.9 5.6-6.3" fill="none" stroke="currentColor" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round"/>`,
  cross: svg`<path d="m2.4 2.4 7.2 7.2m0-7.2-7.2 7.2" stroke="currentColor" stroke-width="2.1" stroke-linecap="round"/>`,
  bar: svg`<path d="M2 6h8" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
  broken: svg`<circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.7"/><path d="m2 10 8-8" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/>`,
};

export const glyph = (shape: Shape): TemplateResult =>
  html`<svg class="glyph" viewBox="0 0 12 12" aria-hidden="true">${shapes[shape]}</svg>`;

export type Mark = { shape: Shape; tone: Tone; word: string };

export const badge = (mark: Mark): TemplateResult =>
  html`<span class="badge tone-${mark.tone}">${glyph(mark.shape)}${mark.word}</span>`;

/** Glyph in its hue with the word in ordinary text: for dense lists. */
export const bareMark = (mark: Mark): TemplateResult =>
  html`<span class="bare"><span class="row tight tone-${mark.tone}">${glyph(mark.shape)}</span>${mark.word}</span>`;
