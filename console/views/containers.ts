/** Containers as a device reports them: what runs, how healthy, how often it restarted. */
import { html, nothing, type TemplateResult } from 'lit';
import { shortDigest } from '../data/format.ts';
import { containerMark } from '../data/status.ts';
import type { ReportedContainer } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { bareMark } from '../ui/glyph.ts';

/**
 * While an update is proved the version before is kept, stopped, under the same name: not a fault,
 * and not to be shown as one.
 */
const keptAside = (container: ReportedContainer, all: readonly ReportedContainer[]): boolean =>
  container.state !== 'running' &&
  all.some(
    (other) =>
      other !== container &&
      other.name === container.name &&
      other.bundleName === container.bundleName,
  );

const restarts = (count: number): TemplateResult =>
  count === 0
    ? html`<span class="muted">0</span>`
    : html`<span class=${count > 2 ? 'tone-warn strong' : ''}>${count}</span>`;

export const containerTable = (
  containers: readonly ReportedContainer[],
  extra: (container: ReportedContainer) => unknown,
): TemplateResult =>
  html`<div class="scroll"><table class="fold">
    <thead><tr><th scope="col">Container</th><th scope="col">Health</th><th scope="col">Bundle</th>
      <th scope="col" class="number">Restarts</th><th scope="col">Started</th><th scope="col">Image</th>
      <th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
    <tbody>${containers.map(
      (container) => html`<tr>
        <td class="strong">${container.name}</td>
        <td>${bareMark(
          keptAside(container, containers)
            ? { shape: 'bar', tone: 'idle', word: 'Kept, version before' }
            : containerMark(container),
        )}</td>
        <td class="muted">${container.bundleName}</td>
        <td class="number"><span class="only-narrow muted">restarts </span>${restarts(container.restartCount)}</td>
        <td class="muted">${container.startedAt === null ? nothing : html`<span class="only-narrow">started </span>${age(container.startedAt)}`}</td>
        <td class="muted mono drop" title=${container.imageDigest}>${shortDigest(container.imageDigest)}</td>
        <td class="number">${extra(container)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
