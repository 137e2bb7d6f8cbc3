/** What the benches of a fleet ask of the cloud as an operator: its REST API, signed in. */
import type { BenchCloud } from './cloud.suite.ts';

/** A registry's image that nobody pulls here. */
const image = `registry.example/web@sha256:${'a'.repeat(64)}`;

export type Call = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<Record<string, unknown>>;

/**
 * While thousands of devices of this process are busy it is silent for longer than the cloud keeps a
 * connection: then the first question over it is lost. Reading is asked again.
 */
const ask = async (url: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.method !== 'GET') throw error;
    return fetch(url, init);
  }
};

export const caller =
  (cloud: BenchCloud, token: string): Call =>
  async (method, path, body) => {
    const response = await ask(`${cloud.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };

export const makeBundle = async (call: Call): Promise<string> => {
  const { id } = await call('POST', '/api/bundles', { name: 'bench' });
  for (const version of ['1.0.0', '2.0.0']) {
    const containers = [{ name: 'web', image }];
    await call('POST', `/api/bundles/${String(id)}/versions`, { version, containers });
  }
  return String(id);
};
