/** Any operation of the API by its path: for what has no command of its own. */
import type { Client } from '@signalbeam/client';
import { command } from '../command.ts';
import { UsageError } from '../exit.ts';

const methods = ['get', 'post', 'patch', 'put', 'delete'] as const;
type Method = (typeof methods)[number];
type AnyCall = (path: string, init: unknown) => Promise<unknown>;

const call = command({
  name: 'api',
  summary: 'Call an operation of the API by its path, and print what it answers',
  words: [
    { name: 'METHOD', about: 'get, post, patch, put or delete', choices: methods },
    { name: 'PATH', about: 'such as /api/devices?limit=5' },
  ],
  flags: { body: { type: 'string', value: 'JSON', about: 'what is sent; - is standard input' } },
  examples: [
    'api get /api/devices/count',
    `api post /api/sites --body '{"name":"plant-7"}'`,
    'api delete /api/sites/plant-7',
  ],
  run: async ({ client, surroundings }, [word = '', path = ''], values) => {
    const method = methods.find((each) => each === word.toLowerCase());
    if (method === undefined) throw new UsageError(`\`${word}\` is none of ${methods.join(', ')}.`);
    if (!path.startsWith('/api/')) throw new UsageError('A path begins with /api/.');
    const text = values.body === '-' ? await surroundings.input() : values.body;
    let body: unknown;
    try {
      body = text === undefined ? undefined : JSON.parse(text);
    } catch {
      throw new UsageError('--body is no JSON.');
    }
    const ask = client()[method satisfies Method & keyof Client] as unknown as AnyCall;
    const answer = await ask(path, body === undefined ? {} : { body });
    if (answer !== undefined) surroundings.out(`${JSON.stringify(answer, null, 2)}\n`);
  },
});

export const apiCommands = [call];
