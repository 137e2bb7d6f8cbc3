/**
 * The rig itself: each server it announces answers, and an image made on the spot runs on both
 * engines with a published port.
 */

import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { unixHttp } from '../infra/unix-http.ts';
import { freshDatabase } from './database.ts';

test('a fresh database is empty, ours and gone after drop', async () => {
  const database = await freshDatabase(inject('postgresUrl'));
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('CREATE TABLE a (b int)');
  const { rows } = await client.query('SELECT current_database() AS name');
  expect(rows).toEqual([{ name: database.name }]);
  await client.end();
  await database.drop();
  await expect(new pg.Client({ connectionString: database.url }).connect()).rejects.toThrow(
    'does not exist',
  );
});

test('both engines answer', async () => {
  expect((await unixHttp(inject('dockerSocket'), 'GET', '/version')).status).toBe(200);
  const podman = await unixHttp(inject('podmanSocket'), 'GET', '/v4.0.0/libpod/version');
  expect(podman.status).toBe(200);
});
