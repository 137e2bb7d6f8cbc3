/** The waves of a rollout in their order: how each stands, and what its gate asks for. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, nothing, type TemplateResult } from 'lit';
import { evidenceWords, gateWords } from '../data/rollout-gate.ts';
import type { Rollout, RolloutStatus, RolloutWave } from '../data/rollout-types.ts';
import { waveMark } from '../data/status.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';
import { progressBar } from './rollout-progress.ts';

const history = (wave: RolloutWave): TemplateResult | typeof nothing => {
  if (wave.passedBy !== null)
    return html`<span class="muted small">let pass by ${nameOfActor(wave.passedBy)} ${age(wave.passedAt)}</span>`;
  if (wave.passedAt !== null)
    return html`<span class="muted small">passed ${age(wave.passedAt)}</span>`;
  if (wave.goodSince !== null)
    return html`<span class="muted small">good since ${age(wave.goodSince)}</span>`;
  if (wave.openedAt !== null)
    return html`<span class="muted small">began ${age(wave.openedAt)}</span>`;
  return nothing;
};

const devices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const waveItem = (wave: RolloutWave, index: number, rollout: RolloutStatus): TemplateResult => {
  const words = gateWords(wave);
  const seen = evidenceWords(wave);
  const late = wave.late > 0 ? `, ${wave.late} of them late` : '';
  return html`<li class="wave stack">
    <div class="row"><b class="grow">${index + 1}. ${wave.name} <span class="muted small">${devices(wave.progress.total)}${late}</span></b>${badge(waveMark(wave.state, rollout))}</div>
    ${progressBar(wave.progress)}
    <div class="row">${words === '' ? nothing : html`<span class="muted small grow">Gate: ${words}</span>`}${history(wave)}</div>
    ${seen === '' ? nothing : html`<span class="muted small">Now: ${seen}</span>`}
    ${wave.approvals.length === 0 ? nothing : html`<span class="muted small">Approved by ${wave.approvals.map(nameOfActor).join(', ')}</span>`}
  </li>`;
};

/** Nothing for a rollout that goes to everybody at once. */
export const rolloutWaves = ({
  waves,
  status,
}: Pick<Rollout, 'waves' | 'status'>): TemplateResult | typeof nothing =>
  waves.length < 2
    ? nothing
    : html`<section class="card stack padded" aria-labelledby="waves-title"><h2 id="waves-title">Waves</h2>
        <ol class="waves">${waves.map((wave, index) => waveItem(wave, index, status))}</ol></section>`;
