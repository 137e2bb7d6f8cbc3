/** Images and bundles: upload what runs, release a version of it. */
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Schemas } from '@signalbeam/client';
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { uploadPartBytes } from '@signalbeam/sync/core/limits';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { readJsonFile, unreadable } from '../json-file.ts';
import { findBundle } from './find.ts';
import { pageLimit, printList } from './listing.ts';
import { uploadInParts } from './upload-parts.ts';

const bundleWord = { name: 'BUNDLE', about: "a bundle's name or id" };
const containersFlag = {
  containers: {
    type: 'string',
    value: 'FILE',
    about: 'a JSON list of containers; - is standard input',
  },
} as const;

const readContainers = async (
  file: string | undefined,
  input: () => Promise<string>,
): Promise<unknown> => {
  if (file === undefined) throw new UsageError('Say what it runs with --containers FILE.');
  return readJsonFile(file, input);
};

const imagesList = command({
  name: 'images list',
  summary: 'List uploaded images, the newest first',
  flags: listFlags,
  examples: ['images list', 'images list --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'REFERENCE', of: ({ reference }) => reference },
        { title: 'TAGS', of: ({ tags }) => tags.join(' ') },
        { title: 'MB', of: ({ sizeBytes }) => (sizeBytes / 1e6).toFixed(1), whole: true },
        { title: 'UPLOADED', of: ({ createdAt }) => createdAt, whole: true },
      ],
      pages: context.client().pages('/api/artifacts', { params }),
      none: 'No images are uploaded.',
    });
  },
});

const imagesUpload = command({
  name: 'images upload',
  summary: 'Upload an image archive, as `docker save` or `podman save` make it',
  words: [{ name: 'FILE', about: 'the archive, plain or gzip' }],
  flags: { name: { type: 'string', value: 'NAME', about: 'its name, such as team/app' } },
  examples: ['images upload web.tar --name team/web'],
  run: async ({ client, output, surroundings }, [file = ''], { name }) => {
    const show = (images: Schemas['Image'][]): void =>
      output.one(
        images,
        images.map(({ reference }) => ['', reference] as const),
      );
    let sizeBytes: number;
    try {
      sizeBytes = statSync(file).size;
    } catch (error) {
      throw unreadable(file, error);
    }
    if (sizeBytes > uploadPartBytes) {
      const telling = { surroundings, progress: output.hint };
      show(await uploadInParts(client(), file, name, telling));
      return;
    }
    const body = Readable.toWeb(createReadStream(file)) as unknown as string;
    const query = name === undefined ? {} : { name };
    const headers = { 'content-type': 'application/octet-stream' };
    const sent = {
      body,
      bodySerializer: (stream: unknown) => stream,
      duplex: 'half' as const,
      headers,
    };
    const { images } = await client().post('/api/artifacts', { params: { query }, ...sent });
    show(images);
  },
});

const list = command({
  name: 'bundles list',
  summary: 'List bundles by name',
  flags: listFlags,
  examples: ['bundles list', 'bundles list --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: [
        { title: 'NAME', of: ({ name }) => name },
        { title: 'LATEST', of: ({ latestVersion }) => latestVersion ?? '', whole: true },
        { title: 'VERSIONS', of: ({ versionCount }) => String(versionCount), whole: true },
        { title: 'DESCRIPTION', of: ({ description }) => description },
      ],
      pages: context.client().pages('/api/bundles', { params }),
      none: 'There are no bundles.',
    });
  },
});

const create = command({
  name: 'bundles create',
  summary: 'Make a bundle, which versions are then released of',
  words: [{ name: 'NAME', about: 'lower-case letters, digits and dashes' }],
  flags: { description: { type: 'string', value: 'TEXT', about: 'what it does' } },
  examples: ["bundles create hello --description 'Says hello'"],
  run: async ({ client, output }, [name = ''], { description }) => {
    const body = { name, ...(description === undefined ? {} : { description }) };
    const bundle = await client().post('/api/bundles', { body });
    output.one(bundle, [['', `There is a bundle ${bundle.name} now.`]]);
  },
});

const versions = command({
  name: 'bundles versions',
  summary: 'List the versions of a bundle, the highest first',
  words: [bundleWord],
  flags: listFlags,
  examples: ['bundles versions hello', 'bundles versions hello --limit 1 --json'],
  run: async (context, [word = ''], values) => {
    const client = context.client();
    const { id } = await findBundle(client, word);
    const params = { path: { id }, query: { limit: pageLimit(values) } };
    const imagesOf = (version: Schemas['BundleVersion']) =>
      version.containers.map(({ image }) => image).join(', ');
    await printList(context, values, {
      columns: [
        { title: 'VERSION', of: ({ version }) => version, whole: true },
        { title: 'RELEASED', of: ({ createdAt }) => createdAt, whole: true },
        { title: 'BY', of: ({ createdBy }) => nameOfActor(createdBy) },
        { title: 'IMAGES', of: imagesOf },
        { title: 'DEPRECATED', of: ({ deprecated }) => deprecated?.reason ?? '' },
        { title: 'NOTES', of: ({ releaseNotes }) => releaseNotes.split('\n')[0] ?? '' },
      ],
      pages: client.pages('/api/bundles/{id}/versions', { params }),
      none: 'No version of it is released.',
    });
  },
});

type Change = Schemas['VersionDiff']['containers'][number];

const changeLines = (change: Change): (readonly [string, string])[] => [
  ['', `${change.name}: ${change.kind}`],
  ...change.fields.map(
    ({ path, before, after }) =>
      ['', `  ${path}: ${before ?? '(none)'} → ${after ?? '(none)'}`] as const,
  ),
];

const diff = command({
  name: 'bundles diff',
  summary: 'What is different between two versions, and what a device has to fetch',
  words: [
    bundleWord,
    { name: 'FROM', about: 'the version a device has' },
    { name: 'TO', about: 'the version it would get' },
  ],
  examples: ['bundles diff hello 1.1.0 1.2.0'],
  run: async ({ client, output }, [word = '', from = '', version = '']) => {
    const { id } = await findBundle(client(), word);
    const params = { path: { id, version }, query: { from } };
    const found = await client().get('/api/bundles/{id}/versions/{version}/diff', { params });
    const unknown = found.unknownSizes.map((image) => ['size unknown', image] as const);
    output.one(found, [
      ...found.containers.flatMap(changeLines),
      ['to fetch', `${(found.fetchBytes / 1e6).toFixed(1)} MB`],
      ...unknown,
    ]);
  },
});

const validate = command({
  name: 'bundles validate',
  summary: 'Say whether containers could be released, and what is wrong where',
  flags: containersFlag,
  examples: ['bundles validate --containers containers.json'],
  run: async ({ client, output, surroundings }, _words, values): Promise<ExitCode> => {
    const containers = await readContainers(values.containers, surroundings.input);
    const finding = await client().post('/api/bundles/validate', {
      body: { containers: containers as never },
    });
    output.one(finding, [
      ['', finding.valid ? 'It could be released.' : 'It could not be released:'],
      ...finding.errors.map(({ path, message }) => ['', `${path}: ${message}`] as const),
    ]);
    return finding.valid ? exitCodes.ok : exitCodes.refused;
  },
});

const release = command({
  name: 'bundles release',
  summary: 'Release a version: signed, and immutable from then on',
  words: [bundleWord, { name: 'VERSION', about: 'such as 1.2.0' }],
  flags: {
    ...containersFlag,
    notes: { type: 'string', value: 'TEXT', about: 'what is new in it' },
  },
  examples: ['bundles release hello 1.2.0 --containers containers.json'],
  run: async ({ client, output, surroundings }, [word = '', version = ''], values) => {
    const containers = (await readContainers(values.containers, surroundings.input)) as never;
    const { id, name } = await findBundle(client(), word);
    const notes = values.notes === undefined ? {} : { releaseNotes: values.notes };
    const params = { path: { id } };
    const body = { version, containers, ...notes };
    const made = await client().post('/api/bundles/{id}/versions', { params, body });
    output.one(made, [['', `${name} ${made.version} is released as ${made.releaseDigest}.`]]);
  },
});

export const bundleCommands = [
  ...[imagesList, imagesUpload, list, create, versions, diff, validate, release],
];
