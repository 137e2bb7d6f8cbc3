/**
 * Certificates of devices: asked for by the device with a request over a key it made, listed and
 * revoked by people; and what anybody may read who has to verify one: the authority's own
 * certificate and the list of those revoked.
 */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { actorOf, authorOf, requireDevice, requireUser } from '@signalbeam/platform/http/caller';
import { body, conflict, json, notFound } from '@signalbeam/platform/http/describe';
import { refusal } from '@signalbeam/platform/http/problem';
import { requestLengthMax } from '@signalbeam/platform/keys/authority';
import { changeTenant, withTenant } from '@signalbeam/platform/postgres/tenant';
import { certificateSchema as wireSchema } from '@signalbeam/sync/wire/enrolment';
import { issue, revocationListOf, revoke } from '../certificates.ts';
import { noSuchDevice } from '../refusals.ts';
import { type Certificate, listCertificates } from '../store/certificates.ts';
import { findDevice, lockDevice } from '../store/devices.ts';
import type { Parts } from './parts.ts';
import { certificateSchema, idParams } from './schemas.ts';

/** Readers may keep the list so long; a revocation counts at our own listener at once. */
const listSeconds = 300;

const shown = (certificate: Certificate): z.infer<typeof certificateSchema> => ({
  ...certificate,
  issuedAt: certificate.issuedAt.toISOString(),
  expiresAt: certificate.expiresAt.toISOString(),
  revokedAt: certificate.revokedAt?.toISOString() ?? null,
});

/** Of a key that nobody holds any more. */
export const exampleRequest = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHMMHMCAQAwETEPMA0GA1UEAwwGcHVtcC0zMFkwEwYHKoZIzj0CAQYIKoZIzj0D',
  'AQcDQgAExM7b2ZDkvy2nhewcGIEGMtmDgrZoCItsWT52gLVfRszPU0enAnfO0Igc',
  'Snx4xdZ4yIvu0rp5mnH/VTpZPO/ap6AAMAoGCCqGSM49BAMCA0kAMEYCIQCTcD7q',
  'JwnKpyW5GprRMvAaeQhdtrN1/kyU8BCBy375dQIhAOuiG5yeQjqI8VsTkkRlGzP7',
  '9ApJ24c5LSaIdfygeNK1',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');

const issueRoute = createRoute({
  method: 'post',
  path: '/api/devices/{id}/certificates',
  tags: ['Certificates'],
  summary: 'Issues a certificate for a key that the device made; also to renew one',
  middleware: [requireDevice({ ownKey: true })] as const,
  request: {
    params: idParams,
    body: body(
      z.strictObject({
        request: z
          .string()
          .min(1)
          .max(requestLengthMax)
          .openapi({ description: 'PKCS#10 in PEM, signed by the P-256 key it is for' }),
      }),
      { request: exampleRequest },
    ),
  },
  responses: {
    201: json(wireSchema, 'The certificate, and the one of the authority that signed it, in PEM'),
    ...notFound,
    ...conflict,
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/api/devices/{id}/certificates',
  tags: ['Certificates'],
  summary: 'Lists a device’s certificates, newest first',
  middleware: [requireUser('viewer')] as const,
  request: { params: idParams },
  responses: {
    200: json(z.strictObject({ certificates: z.array(certificateSchema) }), 'The certificates'),
    ...notFound,
  },
});

const revokeRoute = createRoute({
  method: 'delete',
  path: '/api/devices/{id}/certificates/{serial}',
  tags: ['Certificates'],
  summary: 'Revokes a certificate: our own listener refuses it at once',
  middleware: [requireUser('operator')] as const,
  request: {
    params: z.strictObject({ id: z.uuid(), serial: z.string().regex(/^[0-9a-f]{32}$/) }),
  },
  responses: { 204: { description: 'Revoked' }, ...notFound },
});

const authorityRoute = createRoute({
  method: 'get',
  path: '/api/certificates/authority',
  tags: ['Certificates'],
  summary: 'The certificate of the authority that signs device certificates, in PEM',
  responses: {
    200: {
      description: 'The certificate',
      content: { 'application/x-pem-file': { schema: z.string() } },
    },
  },
});

const listOfRevokedRoute = createRoute({
  method: 'get',
  path: '/api/certificates/revoked',
  tags: ['Certificates'],
  summary: 'The signed list of revoked device certificates (CRL, DER)',
  responses: {
    200: {
      description: 'The list',
      content: { 'application/pkix-crl': { schema: z.string() } },
    },
    304: { description: 'Not changed since the ETag that was sent' },
  },
});

export const addCertificateRoutes = (api: Api, parts: Parts): void => {
  const { pools } = parts;
  api.openapi(issueRoute, async (c) => {
    const { caller } = c.var;
    const { deviceId } = caller;
    // A device may ask for itself only; another one's id is as unknown as a made-up one.
    if (c.req.valid('param').id !== deviceId) throw noSuchDevice();
    const { request } = c.req.valid('json');
    const by = { actor: actorOf(caller), ip: c.var.clientAddress };
    const issued = await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, deviceId);
      if (device === null) throw noSuchDevice();
      return issue(parts, sql, device, request, by);
    });
    const { serial, certificate, expiresAt } = issued;
    const answer = { serial, certificate, authority: parts.authority.certificate };
    return c.json({ ...answer, expiresAt: expiresAt.toISOString() }, 201);
  });
  api.openapi(listRoute, async (c) => {
    const { id } = c.req.valid('param');
    const found = await withTenant(pools.api, c.var.caller, async (sql) =>
      (await findDevice(sql, id)) === null ? null : listCertificates(sql, id),
    );
    if (found === null) throw noSuchDevice();
    return c.json({ certificates: found.map(shown) }, 200);
  });
  api.openapi(revokeRoute, async (c) => {
    const { caller, clientAddress: ip } = c.var;
    const { id, serial } = c.req.valid('param');
    await changeTenant(pools.api, authorOf(c.var), async (sql) => {
      const device = await lockDevice(sql, id);
      if (device === null) throw noSuchDevice();
      const wish = { serial, reason: 'key-compromise', at: new Date(parts.now()) } as const;
      const outcome = await revoke(sql, device, wish, { actor: actorOf(caller), ip });
      if (outcome === 'unknown') throw refusal('not-found', 'There is no such certificate.');
    });
    return c.body(null, 204);
  });
  api.openapi(authorityRoute, (c) =>
    c.body(parts.authority.certificate, 200, {
      'content-type': 'application/x-pem-file',
      'cache-control': 'public, max-age=3600',
    }),
  );
  api.openapi(listOfRevokedRoute, async (c) => {
    const { der, number, nextUpdate } = await revocationListOf(parts);
    const etag = `"${number}"`;
    c.header('etag', etag);
    c.header('cache-control', `public, max-age=${listSeconds}`);
    c.header('expires', nextUpdate.toUTCString());
    if (c.req.header('if-none-match') === etag) return c.body(null, 304);
    return c.body(Uint8Array.from(der), 200, { 'content-type': 'application/pkix-crl' });
  });
};
