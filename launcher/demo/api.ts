/**
 * The few REST calls that the demo makes, as an operator would make them. Answers are parsed for
 * what is used here; a refusal becomes a FleetError with the API's own code and words.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';

const problemSchema = z.object({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  next: z.string().optional(),
});

const answerBytesMax = 8 * 1024 * 1024;

export type Api = {
  call: <T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    body?: { json: unknown } | { bytes: Uint8Array<ArrayBuffer>; type: string },
  ) => Promise<T>;
};

const refusedBy = (path: string, status: number, text: string): FleetError => {
  let problem: z.infer<typeof problemSchema> = {};
  try {
    problem = problemSchema.parse(JSON.parse(text));
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  const words = problem.detail ?? problem.title ?? `HTTP ${status} ${text.slice(0, 200)}`;
  return new FleetError(problem.code ?? 'cloud-refused', `${path}: ${words}`, {
    ...(problem.next === undefined ? {} : { next: problem.next }),
  });
};

export const createApi = (url: string, token: string | null): Api => ({
  call: async (method, path, schema, body) => {
    const type = body === undefined ? null : 'json' in body ? 'application/json' : body.type;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(type === null ? {} : { 'content-type': type }),
      },
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined
        ? {}
        : { body: 'json' in body ? JSON.stringify(body.json) : body.bytes }),
    });
    const text = (await response.text()).slice(0, answerBytesMax);
    if (!response.ok) throw refusedBy(`${method} ${path}`, response.status, text);
    return schema.parse(text === '' ? null : JSON.parse(text));
  },
});

export const signIn = async (url: string, email: string, password: string): Promise<Api> => {
  const anonymous = createApi(url, null);
  const { token } = await anonymous.call(
    'POST',
    '/api/auth/login',
    z.object({ token: z.string() }),
    { json: { email, password } },
  );
  return createApi(url, token);
};
