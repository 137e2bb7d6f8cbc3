/** What the log must never show. */
import { FleetError } from '@signalbeam/sync/core/errors';
import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';

const logged = (fields: object): string => {
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  createLog({ name: 'test', destination }).info(fields, 'said');
  return text;
};

describe('the log', () => {
  it('is one JSON object a line, with level, time and name', () => {
    const line = JSON.parse(logged({ count: 1 }));
    expect(line).toMatchObject({ level: 'info', name: 'test', count: 1, msg: 'said' });
    expect(new Date(line.time).getTime()).toBeGreaterThan(0);
  });

  it.each([
    { password: 'hunter2' },
    { user: { password: 'hunter2' } },
    {
      request: { headers: { authorization: 'hunter2', cookie: 'hunter2', 'x-api-key': 'hunter2' } },
    },
    { headers: { authorization: 'hunter2', 'set-cookie': 'hunter2' } },
    { body: { registrationToken: 'hunter2', token: 'hunter2', apiKey: 'hunter2' } },
    { keys: { seed: 'hunter2', privateKey: 'hunter2' } },
  ])('cuts the secrets of %j', (fields) => {
    expect(logged(fields)).not.toContain('hunter2');
    expect(logged(fields)).toContain('[cut]');
  });

  it('shows errors with code and cause, without passwords in URLs or other fields of theirs', () => {
    const cause = Object.assign(new Error('connect to postgres://sb:hunter2@db/x failed'), {
      code: 'ECONNREFUSED',
      request: { headers: { authorization: 'hunter2' } },
    });
    const text = logged({
      error: new FleetError('database-unavailable', 'It is away.', { cause }),
    });
    expect(text).not.toContain('hunter2');
    expect(text).toContain('ECONNREFUSED');
    expect(text).toContain('database-unavailable');
  });
});
