/**
 * The SignalBeam Edge API, typed from its own OpenAPI document: paths, parameters, bodies and
 * answers. Whatever is no success is thrown (./problem.ts), lists are iterated page by page, and
 * what may safely be sent again is. Needs `fetch` and nothing of Node, so it runs in browsers too.
 */
import createFetch, { type FetchResponse, type MaybeOptionalInit } from 'openapi-fetch';
import type {
  HttpMethod,
  MediaType,
  PathsWithMethod,
  RequiredKeysOf,
} from 'openapi-typescript-helpers';
import type { components, paths } from './api.ts';
import { idempotentOperations } from './idempotent.ts';
import { errorOf } from './problem.ts';
import { createSend, type SendOptions } from './send.ts';

export type Schemas = components['schemas'];

export type ClientOptions = SendOptions & {
  /** Where the cloud is: `https://fleet.example`. */
  url: string;
  /** Sent with every request, such as `x-request-id`. */
  headers?: Record<string, string>;
};

type InitParam<Init> =
  RequiredKeysOf<Init> extends never
    ? [(Init & { [key: string]: unknown })?]
    : [Init & { [key: string]: unknown }];

type Success<T extends Record<string | number, unknown>, Init> = NonNullable<
  FetchResponse<T, Init, MediaType>['data']
>;

/** What a successful answer holds; undefined where it has no body. */
type Answer<T extends Record<string | number, unknown>, Init> = [Success<T, Init>] extends [never]
  ? undefined
  : Success<T, Init>;

type Call<Method extends HttpMethod> = <
  Path extends PathsWithMethod<paths, Method>,
  Init extends MaybeOptionalInit<paths[Path], Method>,
>(
  path: Path,
  ...init: InitParam<Init>
) => Promise<Answer<paths[Path][Method] & Record<string, unknown>, Init>>;

type Page = { nextCursor: string | null };
type PageOf<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { 'application/json': infer Content } } } };
}
  ? Extract<Content, Page>
  : never;

/** Paths that answer in pages. */
export type ListPath = {
  [Path in keyof paths]: [PageOf<Path>] extends [never] ? never : Path;
}[keyof paths];

/** What a list has in its pages. */
export type ItemOf<Path extends ListPath> = {
  [Name in keyof PageOf<Path>]: PageOf<Path>[Name] extends readonly (infer Item)[] ? Item : never;
}[keyof PageOf<Path>];

export type Client = {
  get: Call<'get'>;
  post: Call<'post'>;
  patch: Call<'patch'>;
  put: Call<'put'>;
  delete: Call<'delete'>;
  /** Every item of a list, fetching the next page when it is needed. Stop by leaving the loop. */
  items: <Path extends ListPath, Init extends MaybeOptionalInit<paths[Path], 'get'>>(
    path: Path,
    ...init: InitParam<Init>
  ) => AsyncGenerator<ItemOf<Path>, void, undefined>;
  /** The same, a page at a time. */
  pages: <Path extends ListPath, Init extends MaybeOptionalInit<paths[Path], 'get'>>(
    path: Path,
    ...init: InitParam<Init>
  ) => AsyncGenerator<ItemOf<Path>[], void, undefined>;
};

type Loose = { params?: { query?: Record<string, unknown> } };
type LooseCall = (path: string, init?: unknown) => Promise<unknown>;

/** A page's one list, whatever it is called. */
const listIn = (page: object): unknown[] => Object.values(page).find(Array.isArray) ?? [];

async function* pagesOf(get: LooseCall, path: string, init: Loose = {}) {
  let cursor = init.params?.query?.['cursor'];
  do {
    const query = { ...init.params?.query, ...(cursor === undefined ? {} : { cursor }) };
    const page = (await get(path, { ...init, params: { ...init.params, query } })) as Page;
    yield listIn(page);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

async function* itemsOf(get: LooseCall, path: string, init?: Loose) {
  for await (const page of pagesOf(get, path, init)) yield* page;
}

export const createClient = (options: ClientOptions): Client => {
  const { url, headers = {}, ...sending } = options;
  const { origin } = new URL(url);
  // Redirects would carry what was asked to somebody else.
  const api = createFetch<paths>({
    ...{ baseUrl: url, headers, redirect: 'error', fetch: createSend(sending) },
  });
  api.use({
    onRequest: ({ request, schemaPath }) => {
      if (!idempotentOperations.has(`${request.method.toLowerCase()} ${schemaPath}`)) return;
      if (request.headers.has('idempotency-key')) return;
      request.headers.set('idempotency-key', crypto.randomUUID());
    },
    onResponse: async ({ response }) => {
      if (!response.ok) throw await errorOf(response, origin);
    },
  });
  const calling =
    (method: HttpMethod): LooseCall =>
    async (path, init) =>
      (await api.request(method, path as never, init as never)).data;
  const get = calling('get');
  return {
    get,
    post: calling('post'),
    patch: calling('patch'),
    put: calling('put'),
    delete: calling('delete'),
    items: (path: string, init?: unknown) => itemsOf(get, path, init as Loose),
    pages: (path: string, init?: unknown) => pagesOf(get, path, init as Loose),
  } as unknown as Client;
};
