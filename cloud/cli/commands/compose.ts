/** Compose files as containers of a bundle. */
import type { Client, Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { readTextFile } from '../json-file.ts';

type ImageTag = Schemas['ImageTags']['images'][number];

/** `nginx:1.27=docker.io/library/nginx@sha256:…` */
const imagesFrom = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new UsageError(`--image ${text} is not like TAG=REFERENCE@sha256:…`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );

/** So many does one request ask for. */
const tagsMax = 10;

const resolve = async (client: Client, tags: readonly string[]): Promise<ImageTag[]> => {
  const found: ImageTag[] = [];
  for (let at = 0; at < tags.length; at += tagsMax) {
    const body = { images: tags.slice(at, at + tagsMax) };
    found.push(...(await client.post('/api/bundles/image-tags', { body })).images);
  }
  return found;
};

const importCompose = command({
  name: 'bundles import-compose',
  summary: 'Print the containers that a compose file describes, or what is wrong at which line',
  words: [{ name: 'FILE', about: 'the compose file; - is standard input' }],
  flags: {
    image: {
      type: 'string',
      value: 'TAG=REFERENCE',
      multiple: true,
      about: 'what a tag in it stands for, by digest',
    },
    'resolve-tags': {
      type: 'boolean',
      about: 'ask the registries what the other tags stand for now',
    },
  },
  examples: [
    'bundles import-compose compose.yaml',
    'bundles import-compose compose.yaml --json > containers.json',
    'bundles import-compose compose.yaml --resolve-tags --json > containers.json',
  ],
  run: async ({ client, output, surroundings }, [file = ''], values): Promise<ExitCode> => {
    const compose = await readTextFile(file, surroundings.input);
    const given = imagesFrom(values.image ?? []);
    const read = (images: Record<string, string>) =>
      client().post('/api/bundles/validate/compose', { body: { compose, images } });
    const first = await read(given);
    const tags = [...new Set(first.errors.flatMap(({ tag }) => tag ?? []))];
    const isAsked = values['resolve-tags'] === true && tags.length > 0;
    const resolved = isAsked ? await resolve(client(), tags) : [];
    for (const { image, reference, refused } of resolved) {
      output.hint(reference === null ? `${image}: ${refused}` : `${image} → ${reference}`);
    }
    const known = resolved.flatMap(({ image, reference }) =>
      reference === null ? [] : [[image, reference] as const],
    );
    const isMore = known.length > 0;
    const finding = isMore ? await read({ ...given, ...Object.fromEntries(known) }) : first;
    if (finding.valid) {
      const { containers } = finding;
      output.one(containers, [['', JSON.stringify(containers, null, 2)]]);
      return exitCodes.ok;
    }
    output.one(
      finding,
      finding.errors.map(
        ({ line, column, path, message }) =>
          ['', `${file}:${line}:${column} ${path} ${message}`] as const,
      ),
    );
    return exitCodes.refused;
  },
});

export const composeCommands = [importCompose];
