/** Compose files as containers of a bundle. */
import { command } from '../command.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { readTextFile } from '../json-file.ts';

/** `nginx:1.27=docker.io/library/nginx@sha256:…` */
const imagesFrom = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new UsageError(`--image ${text} is not like TAG=REFERENCE@sha256:…`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );

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
  },
  examples: [
    'bundles import-compose compose.yaml',
    'bundles import-compose compose.yaml --json > containers.json',
  ],
  run: async ({ client, output, surroundings }, [file = ''], values): Promise<ExitCode> => {
    const compose = await readTextFile(file, surroundings.input);
    const body = { compose, images: imagesFrom(values.image ?? []) };
    const finding = await client().post('/api/bundles/validate/compose', { body });
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
