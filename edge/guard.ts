/**
 * The guard of a swap: a small process that outlives the agent. It is told which containers are
 * being stopped and which shall take their place; should the agent die before it says that these
 * run, it starts one side again by the engine's socket, and ends. It plans nothing: the next agent
 * does, once the guard has ended. Nothing is imported but Node, so that it is there in no time.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type GuardOrder = {
  socketPath: string;
  /** What bears it is ours to start. */
  label: { name: string; value: string };
  stopped: readonly string[];
  next: readonly string[];
  /** The side that is started when nothing runs: of a swap what was stopped, of a restore the next. */
  prefer: 'stopped' | 'next';
};

export type GuardLine =
  | { kind: 'order'; order: GuardOrder }
  | { kind: 'stopping'; id: string; graceMs: number }
  | { kind: 'made'; id: string }
  | { kind: 'done' };

/** `stopping` is Podman's word; to Docker such a container runs until it has ended. */
type State = 'running' | 'stopping' | 'stopped' | 'not-ours';

const callMs = 10_000;
/** For an engine that is just coming back, or a port that is not free yet. */
const tryForMs = 15_000;
/** A stop takes a little longer than its grace. */
const stopMarginMs = 3_000;

const call = (
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(callMs);
    const exchange = request(
      { socketPath, method, path, signal, headers: { host: 'engine' } },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk: string) => {
          body += chunk;
        });
        reply.on('error', reject);
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
      },
    );
    exchange.on('error', reject);
    exchange.end();
  });

/** Docker and Podman answer the same two calls in the same form. */
const stateOf = async ({ socketPath, label }: GuardOrder, id: string): Promise<State> => {
  const { status, body } = await call(socketPath, 'GET', `/containers/${id}/json`);
  if (status === 404) return 'not-ours';
  if (status !== 200) throw new Error(`the engine answers ${status}`);
  const seen = JSON.parse(body) as {
    State?: { Running?: boolean; Status?: string };
    Config?: { Labels?: Record<string, string> };
  };
  if (seen.Config?.Labels?.[label.name] !== label.value) return 'not-ours';
  if (seen.State?.Status === 'stopping') return 'stopping';
  return seen.State?.Running === true ? 'running' : 'stopped';
};

/** Again and again until it is done or time is up; an engine that fails is asked once more. */
const until = async (done: () => Promise<boolean>, forMs: number): Promise<void> => {
  const endsAt = Date.now() + forMs;
  while (!(await done().catch(() => false))) {
    if (Date.now() > endsAt) return;
    await sleep(100);
  }
};

const start = (order: GuardOrder, id: string): Promise<void> =>
  until(async () => {
    const state = await stateOf(order, id);
    if (state !== 'stopped') return state !== 'stopping';
    const { status } = await call(order.socketPath, 'POST', `/containers/${id}/start`);
    return status === 404;
  }, tryForMs);

const anyRuns = async (order: GuardOrder, ids: readonly string[]): Promise<boolean> => {
  let runs = false;
  await until(async () => {
    const states = await Promise.all(ids.map((id) => stateOf(order, id)));
    runs = states.includes('running');
    return true;
  }, tryForMs);
  return runs;
};

/** The agent is dead. A stop it asked for goes on in the engine, so its end is waited for. */
const stepIn = async (order: GuardOrder, stopping: ReadonlyMap<string, number>): Promise<void> => {
  for (const [id, graceMs] of stopping) {
    await until(async () => {
      const state = await stateOf(order, id);
      return state === 'stopped' || state === 'not-ours';
    }, graceMs + stopMarginMs);
  }
  const [first, other] =
    order.prefer === 'next' ? [order.next, order.stopped] : [order.stopped, order.next];
  const chosen = first.length === 0 || (await anyRuns(order, other)) ? other : first;
  for (const id of chosen) await start(order, id);
};

const listen = (): void => {
  let order: GuardOrder | null = null;
  let text = '';
  const stopping = new Map<string, number>();
  const hear = (line: GuardLine): void => {
    if (line.kind === 'done') process.exit(0);
    if (line.kind === 'stopping') stopping.set(line.id, line.graceMs);
    if (line.kind === 'made' && order !== null) {
      order = { ...order, next: [...order.next, line.id] };
    }
    if (line.kind !== 'order') return;
    order = line.order;
    process.stdout.write('ready\n');
  };
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) hear(JSON.parse(line) as GuardLine);
  });
  process.stdin.once('close', () => {
    void (order === null ? Promise.resolve() : stepIn(order, stopping)).then(() => process.exit(0));
  });
  process.stdin.once('end', () => process.stdin.destroy());
  process.stdin.on('error', () => process.stdin.destroy());
  process.stdout.on('error', () => undefined);
};

for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined);
listen();
