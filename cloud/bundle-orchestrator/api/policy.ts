/** What a tenant lets its bundles ask of a device: read by everybody, changed by admins. */
import { createRoute, z } from '@hono/zod-openapi';
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, json } from '@signalbeam/platform/http/describe';
import { conditional, holdVersion, tellVersion } from '@signalbeam/platform/http/entity-tag';
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { type BundlePolicy, policyFaults } from '../core/policy.ts';
import { findPolicy, storePolicy } from '../store/policies.ts';
import type { Parts } from './parts.ts';

const hostPath = z
  .string()
  .max(512)
  .regex(/^\/[^\0]*$/, 'must be an absolute path');
const portNumber = z.int().min(1).max(65_535);
const policyFields = {
  registries: z.array(z.string().max(300)).max(100).nullable(),
  hostPaths: z
    .array(z.strictObject({ path: hostPath, writable: z.boolean() }))
    .max(100)
    .nullable(),
  hostPorts: z
    .array(z.strictObject({ from: portNumber, to: portNumber }))
    .max(100)
    .nullable(),
  loopbackOnly: z.boolean(),
  limitsRequired: z.boolean(),
  memoryBytesMax: z
    .int()
    .min(4 * 1024 * 1024)
    .max(1024 ** 4)
    .nullable(),
  cpusMax: z.number().min(0.01).max(256).nullable(),
};
const changedPolicySchema = z.strictObject(policyFields).partial();
const policySchema = z
  .strictObject({
    ...policyFields,
    /** What the installation allows at most; it changes with its configuration only. */
    installation: z.strictObject({
      registries: policyFields.registries,
      hostPaths: policyFields.hostPaths,
    }),
  })
  .openapi('BundlePolicy');

const path = '/api/bundle-policy';
const tags = ['Bundles'];
const example = { registries: ['ghcr.io/acme'], limitsRequired: true };

const shown = (policy: BundlePolicy, { registries, hostPaths }: BundlePolicy) =>
  ({ ...policy, installation: { registries, hostPaths } }) as z.infer<typeof policySchema>;

const withoutAbsent = (change: z.infer<typeof changedPolicySchema>): Partial<BundlePolicy> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

export const addPolicyRoutes = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'get',
      path,
      tags,
      summary:
        'What bundles of this tenant may ask of a device, and what the installation allows at most',
      middleware: [requireUser('viewer')] as const,
      responses: { 200: json(policySchema, 'The policy') },
    }),
    async (c) => {
      const { caller } = c.var;
      const policy = await withTenant(parts.pool, caller, (sql) =>
        findPolicy(sql, caller.tenantId),
      );
      tellVersion(c, policy);
      return c.json(shown(policy, parts.policy), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'patch',
      path,
      tags,
      summary: 'Changes what versions that are made from now on may ask of a device',
      middleware: [requireUser('admin', { everySite: true }), conditional()] as const,
      request: { body: body(changedPolicySchema, example) },
      responses: { 200: json(policySchema, 'The policy') },
    }),
    async (c) => {
      const author = authorOf(c.var);
      const { tenantId, actor, ip } = author;
      const change = withoutAbsent(c.req.valid('json'));
      const policy = await changeTenant(parts.pool, author, async (sql) => {
        const before = await findPolicy(sql, tenantId, true);
        holdVersion(c, before);
        const after = { ...before, ...change };
        const errors = policyFaults(after, parts.policy);
        if (errors.length > 0) {
          throw refusal('invalid-request', 'This policy can not be; nothing was changed.', {
            errors,
          });
        }
        await storePolicy(sql, tenantId, after, {
          at: new Date(parts.now()).toISOString(),
          by: actor,
        });
        const target = `bundle-policy:${tenantId}`;
        await writeAudit(sql, {
          ...{ tenantId, actor, ip, target, before, after },
          action: 'bundle-policy.change',
        });
        await recordEvent(sql, {
          tenantId,
          type: 'bundle.policy.changed',
          subject: 'signalbeam.bundles.policy.changed',
          data: { actor },
        });
        return after;
      });
      tellVersion(c, policy);
      return c.json(shown(policy, parts.policy), 200);
    },
  );
};
