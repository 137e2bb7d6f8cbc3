/**
 * A small HTTP exchange over a unix socket: readiness checks of engines, and loading an image
 * into one. Not a client library: the agent has its own.
 */
import { request } from 'node:http';

export type Answer = { status: number; body: string };

export const unixHttp = (
  socketPath: string,
  method: string,
  path: string,
  options: { body?: Uint8Array; contentType?: string; timeoutMs?: number } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const exchange = request(
      {
        socketPath,
        method,
        path,
        headers: {
          host: 'localhost',
          ...(options.body === undefined ? {} : { 'content-length': options.body.byteLength }),
          ...(options.contentType === undefined ? {} : { 'content-type': options.contentType }),
        },
        timeout: options.timeoutMs ?? 5_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    exchange.on('timeout', () => exchange.destroy(new Error(`${path} did not answer in time.`)));
    exchange.on('error', reject);
    exchange.end(options.body);
  });

export const answersHttp = async (socketPath: string, path: string): Promise<boolean> => {
  try {
    return (await unixHttp(socketPath, 'GET', path, { timeoutMs: 2_000 })).status === 200;
  } catch {
    return false;
  }
};
