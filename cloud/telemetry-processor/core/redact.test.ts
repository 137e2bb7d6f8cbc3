import { expect, test } from 'vitest';
import { withoutSecrets } from './redact.ts';

test('cuts what is named as a secret, however deep, and keeps the rest', () => {
  const text = JSON.stringify({
    seq: 3,
    body: [{ apiKey: 'k-1', message: 'no', env: { DB_PASSWORD: { at: 'x' }, MODE: 'a' } }],
  });
  expect(JSON.parse(withoutSecrets(text) ?? '')).toEqual({
    seq: 3,
    body: [{ apiKey: '[cut]', message: 'no', env: { DB_PASSWORD: '[cut]', MODE: 'a' } }],
  });
});

test('shows nothing of what is not JSON, and nothing below any depth', () => {
  expect(withoutSecrets('password=hunter2')).toBeNull();
  const deep = `${'['.repeat(5_000)}"hunter2"${']'.repeat(5_000)}`;
  expect(withoutSecrets(deep)).not.toContain('hunter2');
});
