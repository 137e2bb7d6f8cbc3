/**
 * Devices with credentials beside their signature, and the TLS listener that takes certificates, for
 * the system tests of them. Everything is real.
 */
import { request as httpsRequest } from 'node:https';
import { serve } from '@signalbeam/platform/http/serve';
import { makeRequest } from '@signalbeam/platform/keys/certificate-request.suite';
import { makeToken, openTenant, register, startRig } from './rig.suite.ts';

export type Shown = { certificate: string; privateKey: string };

export const startCredentials = async (postgresUrl: string) => {
  const rig = await startRig(postgresUrl);
  const acme = await openTenant(rig, 'acme');
  const rival = await openTenant(rig, 'rival');
  const { token } = await makeToken(rig, acme, { maxUses: 100, autoApprove: true });
  const { authority, now } = rig.platform;
  const served = await serve({
    ...{ app: rig.service.app, host: '127.0.0.1', port: 0 },
    tls: {
      ...(await authority.issueServer(['localhost', '127.0.0.1'], { nowMs: now(), days: 30 })),
      authority: authority.certificate,
    },
  });
  const newDevice = () => register(rig, token, 'pump');
  type Made = Awaited<ReturnType<typeof newDevice>>;
  const proofOf = ({ id, device }: Made): string => device.proof(id, now());
  return {
    ...{ rig, acme, rival, newDevice, proofOf },
    newKey: async (id: string, body: unknown = {}) =>
      (await rig.ask('POST', `/api/devices/${id}/api-keys`, { token: acme.operator, body })) as {
        status: number;
        body: { id: string; apiKey: string };
      },
    /** 403 says: known, and not enough, because an API key opens no other credential. */
    byKey: async (id: string, apiKey: string, tenantId = acme.tenantId): Promise<number> => {
      const headers = { 'x-api-key': apiKey, 'x-tenant-id': tenantId };
      return (await rig.ask('GET', `/api/devices/${id}/enrolment`, { headers })).status;
    },
    certify: async (made: Made) => {
      const { request, privateKey } = await makeRequest();
      const path = `/api/devices/${made.id}/certificates`;
      const answer = await rig.ask('POST', path, { token: proofOf(made), body: { request } });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      const body = answer.body as { serial: string; certificate: string; authority: string };
      return { ...body, privateKey };
    },
    /** Asks on the TLS listener, with a certificate or without. */
    askTls: (
      path: string,
      shown: Shown | null,
      more: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
    ): Promise<{ status: number; body: Record<string, string> }> =>
      new Promise((resolve, reject) => {
        const json = more.body === undefined ? {} : { 'content-type': 'application/json' };
        const call = httpsRequest(new URL(path, served.url), {
          method: more.method ?? 'GET',
          headers: { ...json, ...more.headers },
          ca: authority.certificate,
          agent: false,
          ...(shown === null ? {} : { cert: shown.certificate, key: shown.privateKey }),
        });
        call.once('error', reject);
        call.once('response', async (reply) => {
          let text = '';
          for await (const chunk of reply) text += chunk;
          resolve({ status: reply.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
        });
        call.end(more.body === undefined ? undefined : JSON.stringify(more.body));
      }),
    stop: async () => {
      await served.stop();
      await rig.stop();
    },
  };
};
export type Credentials = Awaited<ReturnType<typeof startCredentials>>;
