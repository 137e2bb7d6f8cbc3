/** Signing up, where the installation lets people: an address, a link in a mail, and one is in. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { body, conflict, json, problem, tooMany } from '@signalbeam/platform/http/describe';
import { plainText } from '@signalbeam/sync/wire/shape';
import { askToSignUp, confirmSignUp, secretPattern } from '../sign-up.ts';
import { answerSigned, fromOf, retryAfter } from './auth.ts';
import type { Parts } from './parts.ts';
import { emailAddress, newPassword, signedSchema } from './schemas.ts';

const tags = ['Sign-in'];

const askRoute = createRoute({
  method: 'post',
  path: '/api/auth/sign-up',
  tags,
  summary: 'Asks for a tenant of one’s own: a mail with a link is sent to this address',
  middleware: [retryAfter] as const,
  request: {
    body: body(z.strictObject({ email: emailAddress }), { email: 'ada@example.org' }),
  },
  responses: {
    202: { description: 'Heard; the answer is the same for every address' },
    403: problem('Nobody can sign up here by themselves'),
    ...tooMany,
  },
});

const confirmRoute = createRoute({
  method: 'post',
  path: '/api/auth/sign-up/confirmation',
  tags,
  summary: 'Takes the link: makes the tenant and its admin, and signs in',
  middleware: [retryAfter] as const,
  request: {
    body: body(
      z.strictObject({
        secret: z.string().regex(secretPattern, 'is not the secret of a sign-up'),
        tenantName: plainText(100).min(1),
        name: plainText(200).min(1),
        password: newPassword,
      }),
      {
        ...{ secret: `sbs_${'A'.repeat(43)}`, tenantName: 'Example Works', name: 'Ada' },
        password: 'correct horse battery',
      },
    ),
  },
  responses: {
    200: json(signedSchema, 'Signed in; the cookies are set too'),
    403: problem('There is no such link, not any more, or nobody can sign up here'),
    ...conflict,
    ...tooMany,
  },
});

export const addSignUpRoutes = (api: Api, parts: Parts): void => {
  api.openapi(askRoute, async (c) => {
    await askToSignUp(parts, c.req.valid('json').email, c.var.clientAddress);
    return c.body(null, 202);
  });
  api.openapi(confirmRoute, async (c) => {
    const signed = await confirmSignUp(parts, c.req.valid('json'), fromOf(c));
    return c.json(answerSigned(c, parts, signed), 200);
  });
};
