/**
 * How far a rollout is, as one bar of segments and the same numbers in words. Unreached is a segment
 * of its own: silence is neither success nor failure.
 */
import { html, nothing, type TemplateResult } from 'lit';
import type { RolloutProgress } from '../data/rollout-types.ts';

const parts = [
  { key: 'succeeded', word: 'confirmed', fill: 'fill-ok' },
  { key: 'failed', word: 'failed', fill: 'fill-bad' },
  { key: 'inProgress', word: 'in progress', fill: 'fill-info' },
  { key: 'unreached', word: 'unreached', fill: 'fill-warn' },
  { key: 'rollingBack', word: 'going back', fill: 'fill-warn' },
  { key: 'pending', word: 'to begin', fill: 'fill-idle' },
  { key: 'planned', word: 'not yet told', fill: 'fill-idle' },
  { key: 'rolledBack', word: 'went back', fill: 'fill-cut' },
  { key: 'cancelled', word: 'cancelled', fill: 'fill-cut' },
] as const;

export const progressBar = (progress: RolloutProgress): TemplateResult => {
  const shown = parts.filter(({ key }) => progress[key] > 0);
  const words = shown.map(({ key, word }) => `${progress[key]} ${word}`).join(', ');
  return html`<div class="progress" role="img" aria-label=${words === '' ? 'no devices' : words}>
      ${shown.map(({ key, fill }) => html`<span class=${fill} style="flex-grow:${progress[key]}"></span>`)}</div>`;
};

export const progressLegend = (progress: RolloutProgress): TemplateResult =>
  html`<ul class="legend small">${parts.map(({ key, word, fill }) =>
    progress[key] === 0 && key !== 'succeeded'
      ? nothing
      : html`<li><i class="swatch ${fill}"></i><b>${progress[key]}</b> ${word}</li>`,
  )}</ul>`;
