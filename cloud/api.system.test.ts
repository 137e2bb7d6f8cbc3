/**
 * The API is what its document says: every operation, over a whole cloud, called rightly, without a
 * credential, with forged ones, across tenants, and with what it should refuse. Every answer must be
 * one that the document promises, and no refusal may change a row.
 */
import '@signalbeam/launcher/rig/provided';
import type { OpenApiDocument } from '@signalbeam/platform/http/openapi';
import { requestBytesMax } from '@signalbeam/sync/core/limits';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Call, callsOf, open, openedByLink, walkedByBrowsers } from './calls.suite.ts';
import {
  type Answer,
  codeOf,
  createJudge,
  type Judge,
  type Operation,
  pathsOf,
} from './document.suite.ts';
import { forgeTokens, meets } from './forged-tokens.suite.ts';
import {
  expectAnyAddressAnswered,
  expectAnyBodyAnswered,
  expectAnyConditionRefused,
  expectAnyCredentialRefused,
  expectAnyKindAnswered,
  expectAnyTextAnswered,
} from './hostile.suite.ts';
import {
  conditionsOf,
  expectHeadersHarmless,
  expectMannersDescribed,
  expectRepeatsAnswered,
  mindsVersions,
} from './manners.suite.ts';
import { expectRoleHeld, expectSiteHeld } from './roles.suite.ts';
import { newestAuditOf, refusedAsTheyAre, rowsOf, unaudited } from './rows.suite.ts';
import {
  type Cloud,
  openTenant,
  type Request,
  startCloud,
  type Tenant,
} from './two-tenants.suite.ts';

let cloud: Cloud;
let judge: Judge;
let ours: Tenant;
let theirs: Tenant;
let calls: Record<string, Call>;
const rowsNow = () => rowsOf(cloud.owner);

/** Asks, and holds the answer against the document. */
const ask = async (operation: Operation, path: string, request: Request): Promise<Answer> => {
  const answer = await cloud.ask(operation.method, path, request);
  const told = `${operation.key} ${JSON.stringify(request.body)?.slice(0, 500)} → ${answer.text}`;
  expect(judge.faultOf(operation, answer), told).toBe(null);
  return answer;
};
const tokenFor = (call: Call, tenant: Tenant): string | undefined =>
  ({ user: tenant.token, device: tenant.deviceToken(), nobody: undefined })[call.by];
const callOf = (operation: Operation): Call => {
  const call = calls[operation.key];
  if (call === undefined) throw new Error(`no call is written for ${operation.key}`);
  return call;
};
const each = async (
  chosen: (operation: Operation) => boolean,
  look: (operation: Operation, call: Call) => Promise<void>,
): Promise<void> => {
  const operations = judge.operations.filter(chosen);
  expect(operations.length).toBeGreaterThan(0);
  for (const operation of operations) await look(operation, callOf(operation));
};
const guarded = ({ key }: Operation): boolean => !open.includes(key);
const takesJson = ({ body }: Operation): boolean => body !== null;

beforeAll(async () => {
  cloud = await startCloud(inject('postgresUrl'));
  const response = await fetch(`${cloud.url}/openapi.json`);
  judge = createJudge((await response.json()) as OpenApiDocument);
  const natsUrl = cloud.platform.config.natsUrl;
  ours = await openTenant(cloud, 'ours', natsUrl);
  theirs = await openTenant(cloud, 'theirs', natsUrl);
  calls = callsOf(ours);
  // Frames are committed and rollouts announced; from here on rows move only when asked.
  await vi.waitFor(async () => {
    for (const tenant of [ours, theirs]) {
      const path = `/api/devices/${tenant.device.deviceId}/reported`;
      expect((await cloud.ask('GET', path, { token: tenant.token })).status).toBe(200);
    }
    const before = await rowsNow();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await rowsNow()).toEqual(before);
  }, 30_000);
});
afterAll(async () => {
  await cloud?.stop();
});

describe('the document', () => {
  it('describes every operation whole, and this test knows each', () => {
    expect(judge.operations.map(({ key }) => key).toSorted()).toEqual(
      Object.keys(calls).toSorted(),
    );
    for (const operation of judge.operations) {
      const { key, path, description, body, example } = operation;
      const told = { key, ...description };
      expect(told.summary, key).toBeTruthy();
      expect(told.tags, key).toHaveLength(1);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = (description.parameters ?? []).filter((one) => one.in === 'path');
      expect(
        described.map(({ name }) => name),
        key,
      ).toEqual(named);
      expect(description.security?.length === 0, key).toBe(open.includes(key));
      const statuses = Object.keys(description.responses ?? {});
      expect(statuses, key).toEqual(expect.arrayContaining(['500', '503']));
      expectMannersDescribed(operation, open.includes(key));
      if (!open.includes(key))
        expect(statuses, key).toEqual(expect.arrayContaining(['401', '403']));
      if (body === null || description.requestBody?.required !== true) continue;
      expect(statuses, key).toEqual(expect.arrayContaining(['400', '413', '415']));
      expect(judge.compile(body).safeParse(example), key).toMatchObject({ success: true });
    }
  });

  it('describes what a container is, not only that there are some', () => {
    const { body } = judge.operations.find(({ key }) => key.endsWith('/validate')) as Operation;
    const described = judge.compile(body ?? {});
    const { containers } = ours;
    expect(described.safeParse({ containers }).success).toBe(true);
    for (const wrong of [{ image: 7 }, { colour: 'red' }, { ports: 'many' }]) {
      const [container] = containers;
      const given = { containers: [{ ...container, ...wrong }] };
      expect(described.safeParse(given).success, JSON.stringify(wrong)).toBe(false);
    }
  });
});

describe('a request without a credential that holds', () => {
  // Inventory §7.3
  it('is refused as unauthenticated by every operation but those for signing in', async () => {
    const before = await rowsNow();
    await each(guarded, async (operation, { path, body }) => {
      const answer = await ask(operation, path, { body });
      expect([operation.key, answer.status, codeOf(answer)]).toEqual([
        operation.key,
        401,
        'unauthenticated',
      ]);
    });
    expect(await rowsNow()).toEqual(before);
  });

  // Inventory §7.3
  it('is refused whatever is wrong with its token', async () => {
    const { forged, control } = forgeTokens(cloud, ours, theirs);
    expect((await cloud.ask('GET', '/api/auth/me', { token: control })).status).toBe(200);
    const before = await rowsNow();
    for (const [place, [what, token, code]] of forged.entries()) {
      const met = judge.operations.filter((one, at) => guarded(one) && meets(place, at));
      await each(
        (one) => met.includes(one),
        async (operation, { path, body }) => {
          const answer = await ask(operation, path, { token, body });
          expect([operation.key, what, answer.status, codeOf(answer)]).toEqual([
            ...[operation.key, what, 401, code],
          ]);
        },
      );
    }
    const foreignKey = { 'x-api-key': ours.apiKey.apiKey, 'x-tenant-id': theirs.tenantId };
    await each(guarded, async (operation, { path, body }) => {
      const answer = await ask(operation, path, { headers: foreignKey, body });
      expect([operation.key, answer.status]).toEqual([operation.key, 401]);
    });
    expect(await rowsNow()).toEqual(before);
  });
});

describe('another tenant', () => {
  // Inventory §7.1
  it('finds nothing of ours by id, and changes nothing', async () => {
    const before = await rowsNow();
    await each(
      ({ path, key }) => path.includes('{') && !openedByLink.includes(key),
      async (operation, call) => {
        for (const by of ['user', 'device'] as const) {
          const token = tokenFor({ ...call, by }, theirs);
          const { status } = await ask(operation, call.path, { token, body: call.body });
          // Who may not do this at all learns that, and nothing of the id.
          expect(by === call.by ? [404] : [403, 404], operation.key).toContain(status);
        }
      },
    );
    const { bundle, device } = theirs;
    const mixed: [string, unknown][] = [
      [`/api/devices/${device.deviceId}/bundle`, { bundleId: ours.bundle.id, version: '1.0.0' }],
      [
        '/api/rollouts',
        { bundleId: bundle.id, version: '1.0.0', deviceIds: [ours.second.deviceId] },
      ],
      [
        '/api/rollouts',
        { bundleId: ours.bundle.id, version: '1.0.0', deviceIds: [theirs.second.deviceId] },
      ],
    ];
    for (const [path, body] of mixed) {
      expect((await cloud.ask('POST', path, { token: theirs.token, body })).status).toBe(404);
    }
    expect(await rowsNow()).toEqual(before);
  });

  // Inventory §7.1
  it('sees nothing of ours in any list', async () => {
    const { tenantId, device, bundle, rollout, user, registration, image } = ours;
    const marks = [tenantId, device.deviceId, bundle.id, rollout.id, user.id, registration.id];
    await each(
      ({ method, path }) => method === 'GET' && !path.includes('{'),
      async (operation, { path }) => {
        const { text } = await ask(operation, path, { token: theirs.token });
        for (const mark of [...marks, image.manifestDigest]) expect(text).not.toContain(mark);
      },
    );
  });
});

describe('a role', () => {
  // Inventory §7.1
  it('may do what its operations say and nothing more', async () => {
    const tokens = { viewer: await ours.as('viewer'), operator: await ours.as('operator') };
    const before = await rowsNow();
    await each(guarded, (operation, call) => expectRoleHeld(operation, call, tokens, ask));
    expect(await rowsNow()).toEqual(before);
  });

  it('held to another site sees nothing of this one and changes nothing', async () => {
    const token = await ours.as('admin', ['elsewhere']);
    const before = await rowsNow();
    await each(guarded, (operation, call) => expectSiteHeld(operation, call, { token, ours }, ask));
    expect(await rowsNow()).toEqual(before);
  });
});

describe('a body', () => {
  const refusedAs = async (
    make: (call: Call, operation: Operation) => Request,
    expected: (answer: Answer, operation: Operation) => void,
  ) => {
    const before = await rowsNow();
    await each(takesJson, async (operation, call) => {
      const token = tokenFor(call, ours);
      expected(await ask(operation, call.path, { token, ...make(call, operation) }), operation);
    });
    const after = await rowsNow();
    // A sign-in that failed is counted; that is its purpose.
    const counted = { 'device_manager.login_failures': '' };
    expect({ ...after, ...counted }).toEqual({ ...before, ...counted });
  };

  // Inventory §7.7
  it('with a field that nobody knows is refused, naming it', () =>
    refusedAs(
      ({ body }) => ({ body: { ...(body as object), colour: 'red' } }),
      (answer, { key }) => {
        expect([key, answer.status, pathsOf(answer)]).toEqual([key, 400, ['colour']]);
      },
    ));

  it('where none is taken is refused, naming its fields; so is an unknown parameter anywhere', async () => {
    const before = await rowsNow();
    const bodiless = ({ method, description }: Operation) =>
      method !== 'GET' && description.requestBody === undefined;
    await each(bodiless, async (operation, call) => {
      const token = tokenFor(call, ours);
      const answer = await ask(operation, call.path, { token, body: { colour: 'red' } });
      expect([operation.key, answer.status, pathsOf(answer)]).toEqual([
        ...[operation.key, 400, ['colour']],
      ]);
      const large = await ask(operation, call.path, {
        token,
        body: 'x'.repeat(requestBytesMax + 1),
      });
      expect([operation.key, large.status]).toEqual([operation.key, 413]);
    });
    await each(
      ({ key }) => !walkedByBrowsers.includes(key),
      async (operation, call) => {
        const request = { token: tokenFor(call, ours), body: call.body };
        const more = call.path.includes('?') ? '&' : '?';
        const answer = await ask(operation, `${call.path}${more}colour=red`, request);
        expect([operation.key, answer.status, pathsOf(answer)]).toEqual([
          ...[operation.key, 400, ['colour']],
        ]);
      },
    );
    expect(await rowsNow()).toEqual(before);
  });

  it('of more than the limit is refused, naming the limit', () =>
    refusedAs(
      () => ({ body: `{"x":"${'x'.repeat(requestBytesMax)}"}` }),
      (answer, { key }) => {
        expect([key, answer.status, codeOf(answer)]).toEqual([key, 413, 'body-too-large']);
        expect(answer.text).toContain(String(requestBytesMax));
      },
    ));

  it('that is not JSON is refused', () =>
    refusedAs(
      () => ({ body: '{"name": ' }),
      (answer, { key }) => {
        expect([key, answer.status, codeOf(answer)]).toEqual([key, 400, 'malformed-json']);
      },
    ));

  it('of another kind is refused', () =>
    refusedAs(
      ({ body }) => ({ body, headers: { 'content-type': 'text/plain' } }),
      (answer, { key }) => {
        expect([key, answer.status, codeOf(answer)]).toEqual([key, 415, 'unsupported-media-type']);
      },
    ));

  it('with a value of the wrong type is refused, naming where', async () => {
    const before = await rowsNow();
    await each(takesJson, async (operation, call) => {
      const fields = judge.resolve(operation.body ?? {}).properties ?? {};
      for (const name of Object.keys(fields)) {
        const body = { ...(call.body as object), [name]: { wrong: true } };
        const answer = await ask(operation, call.path, { token: tokenFor(call, ours), body });
        // Judging containers is what `validate` is for: its finding is the answer.
        const isFinding = operation.key === 'post /api/bundles/validate' && answer.status === 200;
        expect([operation.key, name, isFinding || [400, 422].includes(answer.status)]).toEqual([
          ...[operation.key, name, true],
        ]);
        expect(
          pathsOf(answer).some((path) => path.startsWith(name)),
          answer.text,
        ).toBe(true);
      }
    });
    expect(await rowsNow()).toEqual(before);
  });
});

const newestAudit = () => newestAuditOf(cloud.owner, ours.tenantId);
describe('called rightly', () => {
  it('every operation succeeds as described, and each change is in the audit log', async () => {
    const failed: unknown[] = [];
    const untold: string[] = [];
    for (const [key, call] of Object.entries(calls)) {
      const operation = judge.operations.find((one) => one.key === key);
      if (operation === undefined) throw new Error(`${key} is not in the document`);
      const token = key.endsWith('/logout') ? await ours.signIn() : tokenFor(call, ours);
      const headers = await conditionsOf(
        operation,
        (headers) => ask(operation, call.path, { token, headers, body: call.body }),
        rowsNow,
      );
      const before = await newestAudit();
      const answer = await ask(operation, call.path, { token, headers, body: call.body });
      if (answer.status >= 400) failed.push([key, answer.status, codeOf(answer)]);
      else {
        if (operation.method !== 'GET' && (await newestAudit()) === before) untold.push(key);
        const repeat = (more: object) =>
          ask(operation, call.path, { token, headers: { ...headers, ...more }, body: call.body });
        await expectRepeatsAnswered(operation, answer, repeat, { rows: rowsNow, newestAudit });
      }
    }
    expect(untold.toSorted()).toEqual(unaudited);
    expect(failed).toEqual(refusedAsTheyAre);
  });
});

describe('whatever is sent', () => {
  it('is answered as described and never by a failure of ours', async () => {
    calls = callsOf(theirs);
    const by = (call: Call) => tokenFor(call, theirs);
    await each(takesJson, async (operation, call) => {
      const send = (request: Request) => ask(operation, call.path, { token: by(call), ...request });
      await expectAnyTextAnswered(operation, call, (body) => send({ body }), judge);
      await expectAnyKindAnswered(operation, call, send);
      if (mindsVersions(operation)) await expectAnyConditionRefused(operation, call, send);
      await expectAnyBodyAnswered(operation, (body) => send({ body }), judge);
    });
    await each(
      ({ method, path }) => method === 'GET' || path.includes('{'),
      (operation, call) =>
        expectAnyAddressAnswered(
          operation,
          call,
          (path, request) => cloud.ask(operation.method, path, { token: by(call), ...request }),
          judge,
        ),
    );
    const me = judge.operations.find(({ path }) => path === '/api/auth/me') as Operation;
    await expectAnyCredentialRefused((headers) => ask(me, '/api/auth/me', { headers }));
    await expectHeadersHarmless(judge.operations, callOf, theirs.token, ask);
    expect((await cloud.ask('GET', '/readyz')).status).toBe(200);
  });
});
