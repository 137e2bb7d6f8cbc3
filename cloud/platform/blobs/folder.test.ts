/** Blobs in a folder: the common behaviour, and what a crash leaves behind. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, describe, expect, it } from 'vitest';
import { problemOf, problemResponse } from '../http/problem.ts';
import { describeBlobs } from './blobs.suite.ts';
import { openFolderBlobs } from './folder.ts';
import { createLinkSigner, linkedBlobsPath } from './links.ts';
import { openBlobLink } from './open-link.ts';
import type { Blobs } from './port.ts';

const folders: string[] = [];
const freshFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const links = createLinkSigner(Buffer.alloc(32, 1));
const servers: Server[] = [];
afterAll(() => servers.map((server) => server.close()));

/** Answers links as the service does, behind a real socket. */
const answering = async (blobs: Blobs): Promise<string> => {
  const app = new Hono().get(`${linkedBlobsPath}/:digest`, (c) => {
    const { expires = '', signature = '' } = c.req.query();
    const link = { digest: c.req.param('digest'), proof: { expires, signature } };
    return openBlobLink({ blobs, links, now: Date.now }, link, {
      isHead: c.req.method === 'HEAD',
      header: (name) => c.req.header(name),
    }).catch((error) => problemResponse(problemOf(error)));
  });
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
    servers.push(server as Server);
  });
};

describeBlobs('folder', async () => {
  const blobs = await openFolderBlobs(await freshFolder(), links);
  return { blobs, host: await answering(blobs) };
});

describe('blob folder', () => {
  it('sweeps what a crash left half written and never lists it', async () => {
    const folder = await freshFolder();
    const incoming = join(folder, 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const name of ['half', 'being-written']) await writeFile(join(incoming, name), name);
    const hoursAgo = new Date(Date.now() - 2 * 3600 * 1000);
    await utimes(join(incoming, 'half'), hoursAgo, hoursAgo);
    const blobs = await openFolderBlobs(folder, links);
    expect(await readdir(incoming)).toEqual(['being-written']);
    for await (const blob of blobs.list()) throw new Error(`listed ${blob.digest}`);
  });
});
