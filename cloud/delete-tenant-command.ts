/**
 * `delete-tenant` in words: without `--yes` what would go, counted; with it how far it is. Puts together
 * what device-manager and bundle-orchestrator do for it, which know nothing of each other.
 */
import { eraseContent } from '@signalbeam/bundle-orchestrator/artifacts/erase-content';
import { ownBlobs } from '@signalbeam/bundle-orchestrator/store/tenant-blobs';
import { deletableTenant, deleteTenant } from '@signalbeam/device-manager/delete-tenant';
import { deletionOfName } from '@signalbeam/platform/erase/journal';
import { countTenantRows } from '@signalbeam/platform/erase/tenant-rows';
import type { OpenedPlatform } from '@signalbeam/platform/open';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { endOf, hear, nothingTold } from './delete-tenant-progress.ts';

export type Wish = { tenant: string; by: string; yes: boolean; beforeGraceEnds: boolean };
type Pools = OpenedPlatform['pools'] & { eraser: OpenedPlatform['pools']['api'] };

/** A table takes as long as it takes; each transaction of it is short. */
const statementTimeoutMs = 10 * 60_000;

const preview = async (pools: Pools, wish: Wish, nowMs: number): Promise<string> => {
  const begun = await deletionOfName(pools.system, wish.tenant);
  const grace = wish.beforeGraceEnds ? 'none' : 'full';
  const { tenantId } =
    begun ??
    (await transaction(pools.system, (sql) =>
      deletableTenant(sql, { tenant: wish.tenant, grace, nowMs }),
    ));
  const counts = await countTenantRows(pools, tenantId);
  const { blobs, bytes } = await ownBlobs(pools.system, tenantId);
  const rows = counts.reduce((sum, { rows: some }) => sum + some, 0);
  return [
    ...counts.map(({ table, rows: some }) => `${table}\t${some}`),
    `Of tenant ${wish.tenant} (${tenantId}) ${rows} rows of ${counts.length} tables would be deleted,`,
    `${blobs} blobs of ${bytes} bytes that no other tenant has, its keys, and its account at the hub.`,
    `Nothing was deleted${begun === null ? '' : ' now; a deletion has begun'}. With --yes it is, and does not come back.`,
    '',
  ].join('\n');
};

/** Lines while it goes on; the time before a piece is what it took, and the looking for it. */
const telling = (tell: (text: string) => void) => {
  let told = nothingTold;
  let beganMs = performance.now();
  const say = (lines: readonly string[]): void => {
    for (const line of lines) tell(`${line}\n`);
  };
  return {
    onRows: (of: string, rows: number): void => {
      const nowMs = performance.now();
      const heard = hear(told, { of, rows }, { beganMs, nowMs });
      told = heard.told;
      beganMs = nowMs;
      say(heard.lines);
    },
    end: (): void => say(endOf(told, beganMs)),
  };
};

/** `say` what it answers; `tell` how far it is. */
export const runDeletion = async (
  platform: OpenedPlatform,
  url: string,
  wish: Wish,
  { say, tell }: { say: (text: string) => void; tell: (text: string) => void },
): Promise<void> => {
  const eraser = openPool({ url, role: 'sb_eraser', max: 1, statementTimeoutMs });
  try {
    const pools = { ...platform.pools, eraser };
    if (!wish.yes) {
      say(await preview(pools, wish, platform.now()));
      return;
    }
    const { tenant, by } = wish;
    const { onRows, end } = telling(tell);
    const deleted = await deleteTenant(
      {
        ...platform,
        eraser,
        onRows,
        eraseContent: (tenantId) => eraseContent({ ...platform, eraser }, tenantId),
      },
      { tenant, by, grace: wish.beforeGraceEnds ? 'none' : 'full' },
    );
    end();
    say(
      `Tenant ${tenant} (${deleted.tenantId}) is deleted: ${deleted.rowsDeleted} rows. Its name may be used again.\n` +
        'Note its id with your backups: who restores one from before now deletes it again.\n',
    );
  } finally {
    await eraser.end();
  }
};
