/**
 * The one way to begin with a version on devices: it must be there, and whoever wants a deprecated one
 * has to say so. What runs already, and what a rollout goes back to, is asked nothing.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { holdBundle } from '../store/bundle-lives.ts';
import { findBundle, findRelease, findVersion, type ReleasedVersion } from '../store/bundles.ts';

const noSuchVersion = () => refusal('not-found', 'There is no such bundle version.');

type Use = { bundleId: string; version: string; allowDeprecated: boolean };

/** Nobody deletes it until the transaction ends. */
export const releaseToUse = async (sql: Sql, wish: Use): Promise<ReleasedVersion> => {
  if (!(await holdBundle(sql, wish.bundleId, 'use'))) throw noSuchVersion();
  const { release, deprecated } = await findToUse(sql, wish);
  if (deprecated === null || wish.allowDeprecated) return release;
  throw refusal('version-deprecated', `${deprecatedWords(deprecated)}. Nothing was started.`, {
    next: 'Choose another version, or ask for it all the same with allowDeprecated.',
  });
};

/** That a version should not be begun with any more: it alone, or its whole bundle. */
export type Deprecated = { what: string; reason: string; by: string; at: string };

type Found = { release: ReleasedVersion; deprecated: Deprecated | null };

/** As it is now, for a look: it may be deleted a moment later. */
export const findToUse = async (
  sql: Sql,
  { bundleId, version }: Pick<Use, 'bundleId' | 'version'>,
): Promise<Found> => {
  const bundle = await findBundle(sql, bundleId);
  const found = await findVersion(sql, bundleId, version);
  const release = await findRelease(sql, bundleId, version);
  if (bundle === null || found === null || release === null) throw noSuchVersion();
  const deprecated = found.deprecated ?? bundle.deprecated;
  if (deprecated === null) return { release, deprecated: null };
  const what = found.deprecated === null ? bundle.name : `${bundle.name} ${version}`;
  return { release, deprecated: { what, ...deprecated } };
};

/** As a sentence without its end. */
export const deprecatedWords = ({ what, reason }: Deprecated): string =>
  `${what} is deprecated: ${reason.replace(/[.!?]$/, '')}`;
