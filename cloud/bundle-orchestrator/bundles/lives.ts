/**
 * Changing, deprecating and deleting bundles and versions. A bundle keeps its name once something was
 * released under it: containers and volumes on devices bear it, and another name would leave their data
 * behind. What anybody uses is not deleted.
 */
import type { EventType } from '@signalbeam/platform/events/catalogue';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTenant } from '@signalbeam/platform/postgres/tenant';
import type { Acting, Workshop } from '../desired/workshop.ts';
import {
  holdBundle,
  removeBundle,
  removeVersion,
  type Subject,
  setDeprecation,
  type Uses,
  updateBundle,
  usesOf,
  wasReleased,
} from '../store/bundle-lives.ts';
import { type Bundle, type BundleVersion, findBundle, findVersion } from '../store/bundles.ts';

type About = { bundleId: string; version: string | null };
type Held = { bundle: Bundle; version: BundleVersion | null };

/** The bundle, and the version if one is meant, with everybody else kept out until the end. */
const held = async (sql: Sql, { bundleId, version }: About): Promise<Held> => {
  const found = (await holdBundle(sql, bundleId, 'change'))
    ? await findBundle(sql, bundleId)
    : null;
  if (found === null) throw refusal('not-found', 'There is no such bundle.');
  if (version === null) return { bundle: found, version: null };
  const one = await findVersion(sql, bundleId, version);
  if (one === null) throw refusal('not-found', 'There is no such bundle version.');
  return { bundle: found, version: one };
};

type Past = 'changed' | 'deprecated' | 'undeprecated' | 'deleted';

/** A version is never changed. */
const typeOf = (past: Past, version: string | null): EventType =>
  version === null || past === 'changed' ? `bundle.${past}` : `bundle.version.${past}`;

const tell = async (
  sql: Sql,
  acting: Acting,
  { bundleId, version }: About,
  told: { verb: string; past: Past; before: unknown; after?: unknown },
): Promise<void> => {
  const { tenantId, actor, ip } = acting;
  const naming = version === null ? {} : { version };
  await writeAudit(sql, {
    tenantId,
    actor,
    action: version === null ? `bundle.${told.verb}` : `bundle.${told.verb}-version`,
    target: `bundle:${bundleId}`,
    before: { ...naming, ...(told.before as object) },
    ...(told.after === undefined ? {} : { after: { ...naming, ...(told.after as object) } }),
    ip,
  });
  await recordEvent(sql, {
    tenantId,
    type: typeOf(told.past, version),
    subject: `signalbeam.bundles.${told.past}`,
    data: { bundleId, version, actor },
  });
};

export const factsOfBundle = ({ name, description }: Bundle) => ({ name, description });

/** `check` is given the locked bundle before anything changes. */
export const changeBundle = (
  workshop: Workshop,
  acting: Acting,
  bundleId: string,
  wish: { name?: string | undefined; description?: string | undefined },
  check: (bundle: Bundle) => void,
): Promise<Bundle> =>
  changeTenant(workshop.pool, acting, async (sql) => {
    const about = { bundleId, version: null };
    const { bundle } = await held(sql, about);
    check(bundle);
    const { name = bundle.name, description = bundle.description } = wish;
    if (name !== bundle.name && (await wasReleased(sql, bundleId))) {
      throw refusal(
        'wrong-state',
        `Versions of ${bundle.name} are released under this name, which volumes on devices bear.`,
        { next: 'Make a new bundle with the other name. Its description can be changed here.' },
      );
    }
    if (
      !(await updateBundle(sql, { tenantId: acting.tenantId, id: bundleId, name, description }))
    ) {
      throw refusal('already-exists', `There is or was a bundle called ${name} already.`);
    }
    const after = { name, description };
    await tell(sql, acting, about, {
      ...{ verb: 'change', past: 'changed', before: factsOfBundle(bundle), after },
    });
    return { ...bundle, ...after };
  });

/** Null takes it back. Asked twice does no more than once, but that the newest reason stands. */
export const deprecate = (
  workshop: Workshop,
  acting: Acting,
  about: About,
  reason: string | null,
): Promise<Held> =>
  changeTenant(workshop.pool, acting, async (sql) => {
    const { bundle, version } = await held(sql, about);
    const at = new Date(workshop.now()).toISOString();
    const deprecated = reason === null ? null : { reason, at, by: acting.actor };
    await setDeprecation(sql, { tenantId: acting.tenantId, ...about }, deprecated);
    const { verb, past } =
      reason === null
        ? ({ verb: 'undeprecate', past: 'undeprecated' } as const)
        : ({ verb: 'deprecate', past: 'deprecated' } as const);
    const before = { deprecated: (version ?? bundle).deprecated };
    await tell(sql, acting, about, { verb, past, before, after: { deprecated } });
    return version === null
      ? { bundle: { ...bundle, deprecated }, version }
      : { bundle, version: { ...version, deprecated } };
  });

const some = (count: number, one: string, many: string): string[] =>
  count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];

const refuseUsed = (what: string, uses: Uses): void => {
  const found = [
    ...some(uses.wanted, 'device shall run it', 'devices shall run it'),
    ...some(uses.running, 'device still runs it', 'devices still run it'),
    ...some(uses.previous, 'device would go back to it', 'devices would go back to it'),
    ...some(uses.rollouts, 'rollout of it is open', 'rollouts of it are open'),
  ];
  if (found.length === 0) return;
  throw refusal('still-used', `${what} is used: ${found.join(', ')}. Nothing was deleted.`, {
    next: 'Deprecate it, so that nobody begins with it, and delete it when it is used no more.',
  });
};

export const remove = (
  workshop: Workshop,
  acting: Acting,
  about: About,
  check: (bundle: Bundle) => void,
): Promise<void> =>
  changeTenant(workshop.pool, acting, async (sql) => {
    const { bundle, version } = await held(sql, about);
    check(bundle);
    const subject: Subject = { tenantId: acting.tenantId, ...about };
    const what = version === null ? bundle.name : `${bundle.name} ${version.version}`;
    refuseUsed(what, await usesOf(sql, subject, bundle.name));
    const removed = { at: new Date(workshop.now()).toISOString(), by: acting.actor };
    await (version === null ? removeBundle : removeVersion)(sql, subject, removed);
    const before =
      version === null ? factsOfBundle(bundle) : { releaseDigest: version.releaseDigest };
    await tell(sql, acting, about, { verb: 'delete', past: 'deleted', before });
  });
