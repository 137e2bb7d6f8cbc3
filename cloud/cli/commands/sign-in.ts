/** Signing in and out, who is signed in, and the profiles that are kept. */
import { ProblemError } from '@signalbeam/client/problem';
import { command } from '../command.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { checkUrl } from '../session/session.ts';

const readPassword = async (
  {
    answers,
    askSecret,
    input,
  }: Parameters<Parameters<typeof command>[0]['run']>[0]['surroundings'],
  fromInput: boolean,
): Promise<string> => {
  if (fromInput) return (await input()).replace(/\r?\n$/, '');
  if (answers) return askSecret('Password: ');
  throw new UsageError(
    'There is nobody to ask for the password: hand it in with --password-stdin.',
  );
};

const login = command({
  name: 'login',
  summary: 'Sign in to a cloud; the token is kept in a file of your own',
  flags: {
    email: { type: 'string', value: 'ADDRESS', about: 'who signs in (asked for if not said)' },
    'password-stdin': { type: 'boolean', about: 'read the password from standard input' },
  },
  examples: [
    'login --url https://fleet.example',
    'login --url https://fleet.example --email ops@example.com --password-stdin < password.txt',
    'login --profile plant --url http://127.0.0.1:8080',
  ],
  run: async ({ session, surroundings, output }, _words, values) => {
    const { answers, ask } = surroundings;
    const known = session.url();
    if (known === null && !answers) throw new UsageError('Say where the cloud is with --url.');
    const url = known ?? checkUrl((await ask('Address of the cloud: ')).trim());
    if (values.email === undefined && !answers) throw new UsageError('Say who with --email.');
    const email = values.email ?? (await ask('E-mail address: ')).trim();
    const password = await readPassword(surroundings, values['password-stdin'] === true);
    const client = session.clientAt(url, null);
    const attempt = (code?: string) => {
      const body = code === undefined ? { email, password } : { email, password, code };
      return client.post('/api/auth/login', { body });
    };
    const signed = await attempt().catch(async (error: unknown) => {
      if (!answers || !(error instanceof ProblemError) || error.code !== 'second-factor-needed') {
        throw error;
      }
      return attempt((await ask('Code of your authenticator app: ')).trim());
    });
    const { token, refreshToken, user } = signed;
    const expiresAt = signed.refreshExpiresAt ?? signed.expiresAt;
    const renewal = refreshToken === null ? {} : { refreshToken };
    const name = session.profileName();
    session.keep(name, {
      ...{ url, email, token, expiresAt, tenantName: user.tenantName },
      ...renewal,
    });
    const { tenantName, role } = user;
    output.one({ profile: name, url, expiresAt, user }, [
      ['', `Signed in to ${tenantName} as ${email} (${role}), until ${expiresAt}.`],
    ]);
  },
});

const logout = command({
  name: 'logout',
  summary: 'End the sign-in and forget its token',
  examples: ['logout', 'logout --profile plant'],
  run: async ({ session, output, client }): Promise<ExitCode> => {
    const name = session.profileName();
    if (session.profile() === undefined) {
      output.hint(`Nobody is signed in as ${name}.`);
      return exitCodes.ok;
    }
    // The token is forgotten here even when the cloud can't be told.
    const own = client();
    // A token that has run out says of no sign-in that it shall end: this renews it.
    const told = await own
      .get('/api/auth/me')
      .then(() => own.post('/api/auth/logout'))
      .then(
        () => true,
        () => false,
      );
    session.forget(name);
    output.say(told ? 'Signed out.' : 'Forgotten here; the cloud was not reached to end it there.');
    return exitCodes.ok;
  },
});

const whoami = command({
  name: 'whoami',
  summary: 'Who is signed in, and where',
  examples: ['whoami', 'whoami --json', 'whoami --profile plant'],
  run: async ({ session, output, client }) => {
    const me = await client().get('/api/auth/me');
    output.one(me, [
      ['user', `${me.email}${me.name === '' ? '' : ` (${me.name})`}`],
      ['role', me.role],
      ['tenant', me.tenantName],
      ['cloud', session.url() ?? ''],
    ]);
  },
});

const profilesList = command({
  name: 'profiles list',
  summary: 'The sign-ins that are kept here',
  examples: ['profiles list'],
  run: async ({ session, output }) => {
    const { profiles, current } = session.credentials();
    const rows = Object.entries(profiles).map(([name, { url, email, tenantName, expiresAt }]) => ({
      ...{ name, url, email, tenantName, expiresAt, current: name === current },
    }));
    if (output.forPrograms) return output.one(rows, []);
    output.table(
      [
        { title: '', of: (row) => (row.current ? '*' : '') },
        { title: 'PROFILE', of: ({ name }) => name },
        { title: 'CLOUD', of: ({ url }) => url },
        { title: 'USER', of: ({ email }) => email },
        { title: 'TENANT', of: ({ tenantName }) => tenantName },
      ],
      rows,
    );
  },
});

const profilesUse = command({
  name: 'profiles use',
  summary: 'Use this sign-in from now on',
  words: [{ name: 'PROFILE', about: 'one of `profiles list`' }],
  examples: ['profiles use plant'],
  run: async ({ session, output }, [name = '']) => {
    if (session.credentials().profiles[name] === undefined) {
      throw new UsageError(`There is no profile ${name}; \`profiles list\` shows them.`);
    }
    session.use(name);
    output.say(`From now on ${name} is used.`);
  },
});

export const signInCommands = [login, logout, whoami, profilesList, profilesUse];
