/**
 * What a tenant that is deleted has outside of Postgres: blobs of its images, parts of its uploads, and
 * what is cached of its bundles and rollouts. A blob that another tenant's image holds, too, stays. The
 * rows that name a blob go after it, so a crash in between leaves what names the rest.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { eraseTenant } from '@signalbeam/platform/postgres/tenant';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { holdBlobsAlone } from '../store/artifacts.ts';
import { othersBlobs, tenantBlobs } from '../store/tenant-blobs.ts';
import { unawaitedParts } from '../store/uploads.ts';

/** Uploads of all tenants wait for one batch at most. */
const blobsAtOnce = 20;
const keptAtOnce = 500;

type Parts = Pick<Platform, 'pools' | 'blobs' | 'staging' | 'aside'> & { eraser: Pool };

const eraseBlobs = async ({ pools, eraser, blobs }: Parts, tenantId: string): Promise<void> => {
  for (;;) {
    const digests = await transaction(pools.system, async (sql) => {
      await holdBlobsAlone(sql);
      const own = await tenantBlobs(sql, tenantId, blobsAtOnce);
      const others = new Set(await othersBlobs(sql, tenantId, own));
      await Promise.all(own.filter((digest) => !others.has(digest)).map(blobs.delete));
      return own;
    });
    if (digests.length === 0) return;
    await eraseTenant(eraser, tenantId, (sql) =>
      sql.query(
        'DELETE FROM bundle_orchestrator.artifact_blobs WHERE tenant_id = $1 AND digest = ANY ($2)',
        [tenantId, digests],
      ),
    );
  }
};

const eraseUploads = async ({ pools, eraser, staging }: Parts, tenantId: string): Promise<void> => {
  for (;;) {
    const parts = await eraseTenant(eraser, tenantId, async (sql) => {
      const { rows } = await sql.query<{ parts: string[] }>(
        `DELETE FROM bundle_orchestrator.artifact_uploads WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM bundle_orchestrator.artifact_uploads WHERE tenant_id = $1 LIMIT 1))
         RETURNING parts`,
        [tenantId],
      );
      return rows[0]?.parts ?? null;
    });
    if (parts === null) return;
    // Those that a crash leaves here are swept, as of any upload that ended (./sweep-uploads.ts).
    for (const digest of await unawaitedParts(pools.system, parts)) await staging.delete(digest);
  }
};

const forgetKept = async ({ eraser, aside }: Parts, tenantId: string): Promise<void> => {
  for (const kind of ['bundle', 'rollout'] as const) {
    for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
      const ids = await eraseTenant(eraser, tenantId, async (sql) => {
        const { rows } = await sql.query<{ id: string }>(
          `SELECT id FROM bundle_orchestrator.${kind}s WHERE tenant_id = $1 AND id > $2
            ORDER BY id LIMIT ${keptAtOnce}`,
          [tenantId, after],
        );
        return rows.map(({ id }) => id);
      });
      await Promise.all(ids.map((id) => aside.forget(kind, id)));
      const last = ids.at(-1);
      if (last === undefined || ids.length < keptAtOnce) break;
      after = last;
    }
  }
};

export const eraseContent = async (parts: Parts, tenantId: string): Promise<void> => {
  await eraseUploads(parts, tenantId);
  await eraseBlobs(parts, tenantId);
  await forgetKept(parts, tenantId);
};
