/** The joined description and its page. */
import { describe, expect, it } from 'vitest';
import { docsPage } from './docs.ts';
import { mergeDocuments, type OpenApiDocument } from './openapi.ts';

const describing = (path: string, schema: object, summary = 'Does it'): OpenApiDocument => ({
  openapi: '3.1.0',
  info: { title: 'x', version: '1' },
  paths: {
    [path]: {
      get: {
        summary,
        tags: ['Things'],
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: {
            description: 'The thing',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
        },
      },
    },
  },
  components: { schemas: { Thing: schema } },
});

describe('the description of the API', () => {
  it('keeps what two services call the same apart when it is not the same', () => {
    const [one, two] = [
      describing('/api/a', { type: 'string' }),
      describing('/api/b', { type: 'number' }),
    ];
    const merged = mergeDocuments([
      ['first', one],
      ['second', two],
    ]);
    expect(Object.keys(merged.paths)).toEqual(['/api/a', '/api/b']);
    expect(merged.components?.['schemas']).toEqual({
      Thing: { type: 'string' },
      'second.Thing': { type: 'number' },
    });
    expect(JSON.stringify(merged.paths['/api/b'])).toContain('#/components/schemas/second.Thing');
    expect(JSON.stringify(merged.paths['/api/a'])).toContain('#/components/schemas/Thing');
  });

  it('shares what is the same', () => {
    const merged = mergeDocuments([
      ['first', describing('/api/a', { type: 'string' })],
      ['second', describing('/api/b', { type: 'string' })],
    ]);
    expect(merged.components?.['schemas']).toEqual({ Thing: { type: 'string' } });
  });

  it('is a page without scripts, without anything from elsewhere, and with all text escaped', async () => {
    const hostile = '<img src=x onerror=alert(1)>';
    const page = String(
      await docsPage(
        mergeDocuments([['first', describing('/api/a', { title: hostile }, hostile)]]),
      ),
    );
    expect(page).toContain('/api/a');
    expect(page).toContain('The thing');
    expect(page).not.toContain('<img');
    expect(page).not.toMatch(/<script|https?:\/\//);
  });
});
