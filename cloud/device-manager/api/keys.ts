/**
 * The tenant's keys, for its admins: which root and key set are in force, rotating the keys of a
 * role, and handing in what was signed outside. Private keys never leave the cloud or come into it.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { authorOf, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json } from '@signalbeam/platform/http/describe';
import { siteRecordBytesMax } from '@signalbeam/sync/core/limits';
import { roles } from '@signalbeam/sync/core/records';
import { acceptKeys, nextKeyset, rotateRole, rotations } from '../keys/change-keys.ts';
import type { Parts } from './parts.ts';

const trustedKey = z.strictObject({ keyId: z.string(), publicKey: z.string() });
const ofRoles = <T extends z.ZodType>(each: T) =>
  z.strictObject({ release: each, director: each, ingest: each, membership: each });
const keysetShape = () =>
  z.strictObject({
    tenantId: z.uuid(),
    version: z.int(),
    issuedAt: z.iso.datetime(),
    roles: ofRoles(z.array(trustedKey)),
    thresholds: ofRoles(z.int()),
  });

const keysSchema = z
  .strictObject({
    root: z.strictObject({
      version: z.int(),
      development: z.boolean(),
      threshold: z.int(),
      keys: z.array(trustedKey),
      expiresAt: z.iso.datetime(),
    }),
    keyset: keysetShape(),
    /** What the next key set should say; null when the one in force says it. */
    proposal: keysetShape().nullable(),
    envelopes: z.strictObject({ root: z.string(), keyset: z.string() }),
  })
  .openapi('Keys');

const tags = ['Keys'];
const showRoute = createRoute({
  method: 'get',
  path: '/api/keys',
  tags,
  summary: 'Shows the root and the key set in force, and the key set that should follow',
  middleware: [requireUser('admin', { everySite: true })] as const,
  responses: { 200: json(keysSchema, 'The keys') },
});

const rotateRoute = createRoute({
  method: 'post',
  path: '/api/keys/rotate',
  tags,
  summary: 'Adds the next key of a role, replaces all older ones by it, or withdraws those',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: {
    body: body(z.strictObject({ role: z.enum(roles), change: z.enum(rotations) }), {
      role: 'membership',
      change: 'add',
    }),
  },
  responses: { 200: json(keysSchema, 'The keys as they are now'), ...conflict },
});

const envelope = z.base64().max(Math.ceil(siteRecordBytesMax / 3) * 4);
const acceptRoute = createRoute({
  method: 'post',
  path: '/api/keys',
  tags,
  summary: 'Hands in a key set that was signed outside, and the next root if there is one',
  middleware: [requireUser('admin', { everySite: true })] as const,
  request: {
    body: body(z.strictObject({ root: envelope.nullable(), keyset: envelope }), {
      root: null,
      keyset: 'e30=',
    }),
  },
  responses: { 200: json(keysSchema, 'The keys as they are now'), ...conflict },
});

type Named = readonly { keyId: string }[];
const sameKeys = (left: Named, right: Named): boolean =>
  left.length === right.length &&
  left.every(({ keyId }) => right.some((other) => other.keyId === keyId));

const shown = async (parts: Parts, tenantId: string): Promise<z.infer<typeof keysSchema>> => {
  const { records } = await parts.keyring.tenant(tenantId);
  const { root, keyset } = records;
  const next = await nextKeyset(parts, parts.pools.system, { records });
  const due = roles.some((role) => !sameKeys(next.roles[role], keyset.value.roles[role]));
  const { version, development, threshold, keys, expiresAt } = root.value;
  return {
    root: { version, development, threshold, keys: [...keys], expiresAt },
    keyset: keyset.value,
    proposal: due ? next : null,
    envelopes: {
      root: root.envelope.toString('base64'),
      keyset: keyset.envelope.toString('base64'),
    },
  };
};

export const addKeyRoutes = (api: Api, parts: Parts): void => {
  api.openapi(showRoute, async (c) => c.json(await shown(parts, c.var.caller.tenantId), 200));
  api.openapi(rotateRoute, async (c) => {
    await rotateRole(parts, authorOf(c.var), c.req.valid('json'));
    return c.json(await shown(parts, c.var.caller.tenantId), 200);
  });
  api.openapi(acceptRoute, async (c) => {
    const { root, keyset } = c.req.valid('json');
    const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
    await acceptKeys(parts, authorOf(c.var), {
      root: root === null ? null : bytes(root),
      keyset: bytes(keyset),
    });
    return c.json(await shown(parts, c.var.caller.tenantId), 200);
  });
};
