/**
 * What the person chose for this machine: which engine the demo's agents use and whether the
 * launcher runs one itself. Kept between runs, so that a plain `up` does the same again.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { workDir } from '../places.ts';
import { readPrivate, writePrivate } from './run-state.ts';

const choicesSchema = z.strictObject({
  engine: z.enum(['auto', 'docker', 'podman', 'none']),
  /** A socket that is not an ordinary one. */
  socket: z.string().nullable(),
  /** The engine that the launcher starts and stops itself, if none of the machine answers. */
  own: z.enum(['docker', 'podman']).nullable(),
});

export type Choices = z.infer<typeof choicesSchema>;

const file = join(workDir, 'choices.json');

export const readChoices = (): Choices =>
  readPrivate(file, choicesSchema) ?? { engine: 'auto', socket: null, own: null };

export const writeChoices = (choices: Choices): void => writePrivate(file, choices);
