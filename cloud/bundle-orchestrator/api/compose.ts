/** Compose files as containers, and what is wrong where; makes no version. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from '@signalbeam/platform/http/app';
import { requireUser } from '@signalbeam/platform/http/caller';
import { body, json } from '@signalbeam/platform/http/describe';
import { withTenant } from '@signalbeam/platform/postgres/tenant';
import { imageReference } from '@signalbeam/sync/wire/manifest';
import { checkContainers } from '../bundles/check-containers.ts';
import { readYaml } from '../compose/read-yaml.ts';
import { placeOfFinding, type Translated, translateCompose } from '../core/compose.ts';
import { parseImageTag } from '../core/image-name.ts';
import type { PlacedFault } from '../core/placed.ts';
import { imagesTagged, type TaggedImage } from '../store/artifacts.ts';
import type { Parts } from './parts.ts';
import { releasedContainers } from './schemas.ts';

const asked = z.strictObject({
  compose: z.string().max(100_000).openapi({ description: 'The file, at most 64 KiB' }),
  images: z
    .record(z.string().max(400), imageReference)
    .default({})
    .openapi({ description: 'What tags in it stand for, by digest' }),
});
const found = z
  .strictObject({
    valid: z.boolean(),
    errors: z.array(
      z.strictObject({
        line: z.int(),
        column: z.int(),
        path: z.string(),
        message: z.string(),
        /** The image by its tag that it is about: a registry may be asked what that stands for. */
        tag: z.string().optional(),
      }),
    ),
    /** To be released as they are; absent when it is not valid. */
    containers: releasedContainers.optional(),
  })
  .openapi('ComposeFinding');
const example = {
  compose: `services:\n  web:\n    image: registry.example/web@sha256:${'a'.repeat(64)}\n`,
};

const inOrder = <Fault extends PlacedFault>(faults: readonly Fault[]): Fault[] =>
  faults.toSorted((one, other) => one.line - other.line || one.column - other.column);

const taggedName = (text: string): { name: string; tag: string }[] => {
  const parsed = parseImageTag(text);
  return parsed?.tag == null ? [] : [{ name: parsed.name, tag: parsed.tag }];
};

/** An image of the same name and tag that was uploaded may be what is meant; that a person says. */
const withUploaded = (
  fault: PlacedFault,
  { tags }: Translated,
  uploaded: readonly TaggedImage[],
): PlacedFault => {
  const [asked] = taggedName(tags.get(fault.path) ?? '');
  const found = uploaded.find(({ name, tag }) => name === asked?.name && tag === asked.tag);
  if (found === undefined) return fault;
  const { message, ...place } = fault;
  return {
    ...place,
    message: `${message}. Uploaded under this name and tag is ${found.reference}`,
  };
};

export const addComposeRoutes = (api: Api, parts: Parts): void => {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/api/bundles/validate/compose',
      tags: ['Bundles'],
      summary: 'Reads a compose file into containers, and says at which line it asks for too much',
      description: 'Whatever a bundle can’t say, or may not, is refused; nothing is left out.',
      middleware: [requireUser('viewer')] as const,
      request: { body: body(asked, example) },
      responses: { 200: json(found, 'The finding') },
    }),
    async (c) => {
      const { compose, images } = c.req.valid('json');
      const yaml = readYaml(compose);
      if (yaml.kind === 'refused') return c.json({ valid: false, errors: yaml.faults }, 200);
      const translated = translateCompose(yaml.document, images);
      if (translated.faults.length > 0) {
        const uploaded = await withTenant(parts.pool, c.var.caller, (sql) =>
          imagesTagged(sql, [...translated.tags.values()].flatMap(taggedName)),
        );
        const errors = translated.faults.map((fault) => {
          const tag = translated.tags.get(fault.path);
          const shown = withUploaded(fault, translated, uploaded);
          return tag === undefined ? shown : { ...shown, tag };
        });
        return c.json({ valid: false, errors: inOrder(errors) }, 200);
      }
      const { tenantId } = c.var.caller;
      const checked = await withTenant(parts.pool, c.var.caller, (sql) =>
        checkContainers(sql, translated.containers, { tenantId, installation: parts.policy }),
      );
      if (checked.kind === 'accepted') {
        return c.json({ valid: true, errors: [], containers: checked.containers }, 200);
      }
      const errors = checked.errors.map((finding) => placeOfFinding(translated, finding));
      return c.json({ valid: false, errors: inOrder(errors) }, 200);
    },
  );
};
