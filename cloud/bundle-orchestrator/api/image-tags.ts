/** Which digests tags of registries stand for now: asked for, shown, and kept nowhere. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { body, json } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { type BundlePolicy, registryRefusal } from '../core/policy.ts';
import { type TaggedImage, taggedImageOf } from '../core/registry-tag.ts';
import { askTag } from '../registry/ask-tag.ts';
import { findPolicy } from '../store/policies.ts';
import type { Parts } from './parts.ts';

/** One after the other, each in some seconds at worst: a request must end before its asker gives up. */
const imagesMax = 10;
const beginBeforeMs = 10_000;

const asked = z.strictObject({
  images: z
    .array(z.string().min(1).max(400))
    .min(1)
    .max(imagesMax)
    .openapi({ description: `With tags; without one it is latest. At most ${imagesMax}` }),
});
const answered = z
  .strictObject({
    images: z.array(
      z.strictObject({
        /** As it was asked for. */
        image: z.string(),
        /** What it stands for now, by digest; null where nobody could say. */
        reference: z.string().nullable(),
        /** Why not, and what to do. */
        refused: z.string().nullable(),
      }),
    ),
  })
  .openapi('ImageTags');

const byHand = ({ whole, tag }: TaggedImage): string =>
  `Write ${whole}@sha256:… instead, as docker buildx imagetools inspect ${whole}:${tag} shows it`;

const look = async (
  text: string,
  { parts, policies, until }: { parts: Parts; policies: readonly BundlePolicy[]; until: number },
): Promise<{ reference: string } | { refused: string }> => {
  const image = taggedImageOf(text);
  if (image === null) return { refused: `${text} is no name of an image with a tag` };
  // Before anything is asked: whom a tenant may not have images of, it can't have asked either.
  const refused = registryRefusal(image.whole, policies);
  if (refused !== null) return { refused };
  if (parts.now() > until) return { refused: `It took too long to ask all. ${byHand(image)}` };
  const answer = await askTag(image, parts.registryReach);
  return answer.kind === 'found'
    ? { reference: `${image.whole}@${answer.digest}` }
    : { refused: `${answer.why}. ${byHand(image)}` };
};

export const addImageTagRoutes = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/bundles/image-tags',
      tags: ['Bundles'],
      summary: 'Asks registries which digests tags stand for now',
      description:
        'Only registries that the policies allow, by https, without an account. A version keeps the digest alone.',
      middleware: [requireUser('operator')] as const,
      request: { body: body(asked, { images: ['registry.example/web:1.2'] }) },
      responses: { 200: json(answered, 'What each of them stands for, or why nobody could say') },
    }),
    async (c) => {
      const { images } = c.req.valid('json');
      const { tenantId } = c.var.caller;
      const own = await withTenant(parts.pool, c.var.caller, (sql) => findPolicy(sql, tenantId));
      const asking = { parts, policies: [parts.policy, own], until: parts.now() + beginBeforeMs };
      const found: z.infer<typeof answered>['images'] = [];
      for (const image of new Set(images)) {
        found.push({ image, reference: null, refused: null, ...(await look(image, asking)) });
      }
      return c.json({ images: found }, 200);
    },
  );
};
