/**
 * Which engine the demo runs on. If none answers the person is told so and offered to have one
 * installed and started; without one everything but containers still works.
 */
import { createInterface } from 'node:readline/promises';
import { installLog } from '../places.ts';
import { type Choices, readChoices, writeChoices } from '../supervisor/choices.ts';
import { type EngineKind, findEngine } from './engines.ts';
import { ensurePrograms } from './packages.ts';

export type EngineWish = {
  wanted: Choices['engine'] | undefined;
  socket: string | undefined;
  install: boolean;
  /** Whether a person is there to answer. */
  ask: boolean;
  env: NodeJS.ProcessEnv;
};

const ownIsPossible = () => process.platform === 'linux' && process.getuid?.() === 0;

const askForEngine = async (): Promise<EngineKind | null> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      'No container engine answers. Install and start one here? [d]ocker, [p]odman, [N]o: ',
    );
    const letter = answer.trim().toLowerCase()[0];
    return letter === 'd' ? 'docker' : letter === 'p' ? 'podman' : null;
  } finally {
    terminal.close();
  }
};

const explain = () => {
  const how = ownIsPossible()
    ? 'To have one installed and started: ./signalbeam down && ./signalbeam up --install-engine [--engine podman]'
    : process.platform === 'darwin'
      ? 'Start Docker Desktop or `podman machine`, then: ./signalbeam down && ./signalbeam up'
      : 'Install one (sudo apt-get install docker.io, or podman), start it, then: ./signalbeam down && ./signalbeam up';
  console.error(`No container engine answers: all but containers will work.\n  ${how}`);
};

/** Writes the choice for the supervisor; installs what it needs. */
export const chooseEngine = async (wish: EngineWish): Promise<void> => {
  const before = readChoices();
  const choices: Choices = {
    engine: wish.wanted ?? before.engine,
    socket: wish.socket ?? (wish.wanted === undefined ? before.socket : null),
    own: before.own,
  };
  const { engine } = choices;
  const found = engine === 'none' ? undefined : await findEngine(engine, choices.socket, wish.env);
  if (engine === 'none' || found !== undefined) {
    writeChoices(choices);
    return;
  }
  const preferred = engine === 'auto' ? (before.own ?? 'docker') : engine;
  let own = engine === 'auto' || before.own === engine ? before.own : null;
  if (wish.install && ownIsPossible()) own = preferred;
  else if (own === null && wish.ask && ownIsPossible()) own = await askForEngine();
  if (own === null) explain();
  else await ensurePrograms(own, installLog);
  writeChoices({ ...choices, own });
};
