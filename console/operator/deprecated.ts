/** How deprecated bundles and versions are shown where one is chosen, and how one is asked for all the same. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, nothing, type TemplateResult } from 'lit';
import type { BundleVersion, Deprecation } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';

export const versionWord = ({ version, deprecated }: BundleVersion): string =>
  deprecated === null ? version : `${version} (deprecated)`;

export const deprecatedBadge = (deprecated: Deprecation | null): TemplateResult | typeof nothing =>
  deprecated === null
    ? nothing
    : html`${badge({ shape: 'triangle', tone: 'warn', word: 'deprecated' })}
        <span class="muted small">${deprecated.reason} (${nameOfActor(deprecated.by)}, ${age(deprecated.at)})</span>`;

/** A box named `deprecated`, in sight only where there is something to allow. */
export const allowDeprecatedBox = (
  versions: readonly BundleVersion[],
): TemplateResult | typeof nothing =>
  versions.every(({ deprecated }) => deprecated === null)
    ? nothing
    : html`<label class="check"><input type="checkbox" name="deprecated" /><span>Use it although it is deprecated</span></label>`;
