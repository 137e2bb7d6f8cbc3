/** Uploaded images back as files, or as links for machines that have no sign-in. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Client, Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { notFound, UsageError } from '../exit.ts';
import { downloadTo } from './download.ts';

const imageWord = {
  name: 'IMAGE',
  about: 'a name, name:tag, name@digest or reference, as `images list` shows them',
};

const isCalled = (image: Schemas['StoredImage'], word: string): boolean =>
  [
    image.reference,
    image.name,
    `${image.name}@${image.digest}`,
    ...image.tags.map((tag) => `${image.name}:${tag}`),
  ].includes(word);

/** The newest that is called so. */
const findImage = async (client: Client, word: string): Promise<Schemas['StoredImage']> => {
  const params = { query: { limit: 200 } };
  for await (const image of client.items('/api/artifacts', { params })) {
    if (isCalled(image, word)) return image;
  }
  throw notFound(`No uploaded image is called ${word}.`, 'See `signalbeam images list`.');
};

const linkTo = async (client: Client, word: string, validMinutes?: number) => {
  const { name, digest } = await findImage(client, word);
  const body = { kind: 'image' as const, name, digest };
  return client.post('/api/artifacts/links', {
    body: { ...body, ...(validMinutes === undefined ? {} : { validMinutes }) },
  });
};

const download = command({
  name: 'images download',
  summary: 'Download an image as an archive that `docker load` and `podman load` read',
  words: [imageWord],
  flags: { to: { type: 'string', value: 'FILE', about: 'where to; its own name if not given' } },
  examples: ['images download team/web --to web.tar'],
  run: async ({ client, output, surroundings }, [word = ''], { to }) => {
    const link = await linkTo(client(), word);
    const file = to ?? basename(link.fileName);
    if (existsSync(file)) throw new UsageError(`${file} is there already; name another --to FILE.`);
    const { stopped: signal } = surroundings;
    await downloadTo(link, file, { signal, progress: output.hint });
    output.one({ file, sizeBytes: link.sizeBytes }, [['', `${file}: ${link.sizeBytes} bytes`]]);
  },
});

const link = command({
  name: 'images link',
  summary: 'Print a link from which anybody can download an image for a few minutes',
  words: [imageWord],
  flags: { minutes: { type: 'string', value: 'N', about: 'how long it opens, 15 if not given' } },
  examples: ['images link team/web --minutes 5'],
  run: async ({ client, output }, [word = ''], { minutes }) => {
    if (minutes !== undefined && !/^\d{1,4}$/.test(minutes)) {
      throw new UsageError(`--minutes ${minutes} is not a number of minutes.`);
    }
    const made = await linkTo(client(), word, minutes === undefined ? undefined : Number(minutes));
    output.one(made, [['', made.url]]);
    output.hint(`Whoever has it may download ${made.fileName} until ${made.expiresAt}.`);
  },
});

export const imageDownloadCommands = [download, link];
