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
  return usableRelease(sql, wish);
};

/** As it is now, for a look: it may be deleted a moment later. */
export const usableRelease = async (sql: Sql, wish: Use): Promise<ReleasedVersion> => {
  const { bundleId, version } = wish;
  const bundle = await findBundle(sql, bundleId);
  const found = await findVersion(sql, bundleId, version);
  const release = await findRelease(sql, bundleId, version);
  if (bundle === null || found === null || release === null) throw noSuchVersion();
  const deprecated = found.deprecated ?? bundle.deprecated;
  if (deprecated === null || wish.allowDeprecated) return release;
  const what = found.deprecated === null ? bundle.name : `${bundle.name} ${version}`;
  throw refusal(
    'version-deprecated',
    `${what} is deprecated: ${deprecated.reason}. Nothing was started.`,
    { next: 'Choose another version, or ask for it all the same with allowDeprecated.' },
  );
};
