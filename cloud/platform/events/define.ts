/** What one type of domain event is. The types themselves are in ./catalogue.ts. */
import { z } from 'zod';

export type EventDefinition = {
  /** Under which it is published; `*` stands for one word, such as an id. */
  subject: string;
  /** Of the data: raised when its meaning changes, not when a field is added. */
  version: number;
  /** When it is told, as one sentence for docs/events.md. */
  says: string;
  data: z.ZodObject;
  example: Record<string, unknown>;
};

export const time = z.iso.datetime({ offset: true });
export const count = z.int().min(0);
export const text = (lengthMax: number) => z.string().max(lengthMax);
/** `user:<e-mail>`, `service:<name>`, `system`, … */
export const actor = text(400);

export const examples = {
  device: '6f1c9a52-3f0e-4c3d-9a57-0d5c6f2b7e11',
  bundle: '0d9b1c4e-7a53-4b1e-8f44-2f6f3c1f9a20',
  rollout: '4f3a7d1e-92b6-4f0c-8c1d-5a0e7b6c3d42',
  group: 'b2d4c6e8-1357-4246-9bdf-1a2b3c4d5e6f',
  other: 'd7e1f0a3-5b2c-4d8e-b6f9-3c4a5b6d7e88',
  at: '2026-11-27T12:00:00.000Z',
  actor: 'user:ada@example.org',
} as const;
