/** What becomes of bundles and versions after they were made. */
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { state } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { findBundle } from './find.ts';
import { pageLimit, printList } from './listing.ts';

const words = [
  { name: 'BUNDLE', about: "a bundle's name or id" },
  { name: 'VERSION', about: 'one version of it; without, the whole bundle', optional: true },
] as const;
const [bundleWord] = words;
const called = (name: string, version: string | undefined): string =>
  version === undefined ? name : `${name} ${version}`;

const edit = command({
  name: 'bundles edit',
  summary: 'Change the description of a bundle, or its name while nothing is released under it',
  words: [bundleWord],
  flags: {
    name: { type: 'string', value: 'NAME', about: 'its new name' },
    description: { type: 'string', value: 'TEXT', about: 'what it does' },
  },
  examples: ["bundles edit hello --description 'Greets whoever asks'"],
  run: async ({ client, output }, [word = ''], { name, description }) => {
    if (name === undefined && description === undefined) {
      throw new UsageError('Say what to change: --name or --description.');
    }
    const { id } = await findBundle(client(), word);
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
    };
    const bundle = await client().patch('/api/bundles/{id}', { params: { path: { id } }, body });
    output.one(bundle, [
      ['name', bundle.name],
      ['description', bundle.description],
    ]);
  },
});

const deprecate = command({
  name: 'bundles deprecate',
  summary: 'Say that a bundle or a version should not be used any more; what runs it goes on',
  words: [...words],
  flags: { reason: { type: 'string', value: 'TEXT', about: 'why; shown to who asks for it' } },
  examples: ["bundles deprecate hello 1.1.0 --reason 'Leaks memory'"],
  run: async ({ client, output }, [word = '', version], { reason }) => {
    if (reason === undefined) throw new UsageError('Say why with --reason TEXT.');
    const { id, name } = await findBundle(client(), word);
    const body = { reason };
    const done =
      version === undefined
        ? await client().put('/api/bundles/{id}/deprecation', { params: { path: { id } }, body })
        : await client().put('/api/bundles/{id}/versions/{version}/deprecation', {
            params: { path: { id, version } },
            body,
          });
    output.one(done, [['', `${called(name, version)} is deprecated.`]]);
  },
});

const undeprecate = command({
  name: 'bundles undeprecate',
  summary: 'Take back that a bundle or a version is deprecated',
  words: [...words],
  examples: ['bundles undeprecate hello 1.1.0'],
  run: async ({ client, output }, [word = '', version]) => {
    const { id, name } = await findBundle(client(), word);
    const done =
      version === undefined
        ? await client().delete('/api/bundles/{id}/deprecation', { params: { path: { id } } })
        : await client().delete('/api/bundles/{id}/versions/{version}/deprecation', {
            params: { path: { id, version } },
          });
    output.one(done, [['', `${called(name, version)} may be used again.`]]);
  },
});

const remove = command({
  name: 'bundles delete',
  summary: 'Delete a bundle or a version that nobody uses',
  words: [...words],
  flags: { yes: { type: 'boolean', about: "don't ask" } },
  examples: ['bundles delete hello 1.1.0', 'bundles delete hello --yes'],
  run: async ({ client, output, confirm }, [word = '', version], { yes }) => {
    const { id, name } = await findBundle(client(), word);
    const what =
      version === undefined ? `the bundle ${name} with all versions` : called(name, version);
    await confirm(`This deletes ${what}, which can't be undone.`, yes);
    await (version === undefined
      ? client().delete('/api/bundles/{id}', { params: { path: { id } } })
      : client().delete('/api/bundles/{id}/versions/{version}', {
          params: { path: { id, version } },
        }));
    output.say(`${called(name, version)} is deleted.`);
  },
});

const devices = command({
  name: 'bundles devices',
  summary: 'List the devices that shall run a bundle, by version',
  words: [...words],
  flags: listFlags,
  examples: ['bundles devices hello', 'bundles devices hello 1.1.0 --all --json'],
  run: async (context, [word = '', version], values) => {
    const client = context.client();
    const { id } = await findBundle(client, word);
    const query = { limit: pageLimit(values), ...(version === undefined ? {} : { version }) };
    await printList(context, values, {
      columns: [
        { title: 'DEVICE', of: ({ name }) => name },
        { title: 'SITE', of: ({ site }) => site },
        { title: 'VERSION', of: ({ version: wanted }) => wanted, whole: true },
        { title: 'STATUS', of: ({ status }) => state(status), whole: true },
      ],
      pages: client.pages('/api/bundles/{id}/devices', { params: { path: { id }, query } }),
      none: 'No device shall run it.',
    });
  },
});

export const bundleLifeCommands = [edit, deprecate, undeprecate, remove, devices];
