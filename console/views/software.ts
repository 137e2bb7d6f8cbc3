/**
 * Desired beside running, per bundle: the difference is what the device is doing now. A failure
 * shows its reason and the last log lines, because that is the next question.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { slotMark } from '../data/status.ts';
import type { DesiredSlot, ReportedSlot } from '../data/types.ts';
import { badge, type Tone } from '../ui/glyph.ts';

export type SlotPair = {
  bundleId: string;
  bundleName: string;
  desired: string | null;
  slot: ReportedSlot | null;
};

/** Joins by bundle: one wanted but not reported yet, or reported but no longer wanted, is shown too. */
export const pairSlots = (
  desired: readonly Pick<DesiredSlot, 'bundleId' | 'bundleName' | 'version'>[],
  reported: readonly ReportedSlot[],
): SlotPair[] => {
  const wanted = desired.map((want) => ({
    bundleId: want.bundleId,
    bundleName: want.bundleName,
    desired: want.version,
    slot: reported.find((slot) => slot.bundleId === want.bundleId) ?? null,
  }));
  const left = reported
    .filter(
      (slot) =>
        slot.status !== 'removed' && !desired.some((want) => want.bundleId === slot.bundleId),
    )
    .map((slot) => ({
      bundleId: slot.bundleId,
      bundleName: slot.bundleName,
      desired: null,
      slot,
    }));
  return [...wanted, ...left];
};

export const failureDetail = (
  reason: string | null | undefined,
  logTail: readonly string[] | undefined,
  /** Of the status it explains: what was cancelled is no fault. */
  tone: Tone = 'bad',
): TemplateResult | typeof nothing =>
  reason || (logTail && logTail.length > 0)
    ? html`<div class="stack tight">
        ${reason ? html`<p class="tone-${tone}">${reason}</p>` : nothing}
        ${logTail && logTail.length > 0 ? html`<div class="log" tabindex="0" role="region" aria-label="Last log lines" style="max-height:180px">${logTail.join('\n')}</div>` : nothing}
      </div>`
    : nothing;

const status = (pair: SlotPair): string => {
  if (pair.slot === null) return 'pending';
  return pair.desired !== null && pair.slot.version !== pair.desired ? 'pending' : pair.slot.status;
};

export const softwareTable = (
  pairs: readonly SlotPair[],
  extra: (pair: SlotPair) => unknown,
): TemplateResult =>
  html`<div class="scroll"><table class="fold">
    <thead><tr><th scope="col">Bundle</th><th scope="col">Wanted</th><th scope="col">Running</th>
      <th scope="col">Status</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
    <tbody>${pairs.map(
      (pair) => html`<tr>
        <td><span class="strong">${pair.bundleName}</span></td>
        <td class="mono"><span class="only-narrow muted">wanted </span>${pair.desired ?? html`<span class="muted">removed</span>`}</td>
        <td class="mono"><span class="only-narrow muted">running </span>${pair.slot?.runningVersion ?? html`<span class="muted">nothing</span>`}</td>
        <td>${badge(slotMark(status(pair)))}</td>
        <td class="number wide">${extra(pair)}</td>
      </tr>
      ${pair.slot?.reason || (pair.slot?.status === 'failed' && pair.slot.logTail.length > 0) ? html`<tr><td colspan="5" class="wide">${failureDetail(pair.slot.reason, pair.slot.logTail)}</td></tr>` : nothing}`,
    )}</tbody>
  </table></div>`;
