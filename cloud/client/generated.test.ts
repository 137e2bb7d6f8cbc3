import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateClient } from '@signalbeam/cloud/generate-client';
import { describe, expect, it } from 'vitest';

describe('the generated part of the client', () => {
  it('is what the API’s document says now', async () => {
    const files = await generateClient();
    for (const [name, text] of Object.entries(files)) {
      const committed = readFileSync(join(import.meta.dirname, name), 'utf8');
      expect(committed === text, `${name} is stale: ./signalbeam generate`).toBe(true);
    }
    const kept = readdirSync(join(import.meta.dirname, 'api')).map((name) => `api/${name}`);
    expect(kept.filter((name) => files[name] === undefined)).toEqual([]);
  });
});
