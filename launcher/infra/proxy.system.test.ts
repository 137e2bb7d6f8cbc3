/**
 * The proxy's three states as a client sees them: whole, reset, and silence.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LinkProxy, startProxy } from './proxy.ts';

let echo: Server;
let proxy: LinkProxy;

beforeEach(async () => {
  echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  echo.on('connection', (socket) => socket.on('error', () => undefined));
  await once(echo, 'listening');
  const address = echo.address();
  proxy = await startProxy({
    to: { port: address !== null && typeof address === 'object' ? address.port : 0 },
  });
});

afterEach(async () => {
  await proxy.stop();
  echo.close();
});

const dial = async (): Promise<Socket> => {
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

/** Not `once`, which takes the reset itself for a failure. */
const closing = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

const say = async (socket: Socket, word: string): Promise<string | null> => {
  socket.write(word);
  const heard = await Promise.race([once(socket, 'data'), sleep(300, null)]);
  return heard === null ? null : String(heard[0]);
};

test('a whole link carries bytes both ways', async () => {
  const socket = await dial();
  expect(await say(socket, 'hello')).toBe('hello');
  expect(proxy.bytes()).toEqual({ up: 5, down: 5 });
  socket.destroy();
});

test('a clean cut resets connections and refuses new ones until healed', async () => {
  const socket = await dial();
  expect(await say(socket, 'a')).toBe('a');
  const closed = closing(socket);
  socket.on('error', () => undefined);
  proxy.cut('clean');
  await closed;
  const second = connect(proxy.port, '127.0.0.1');
  second.on('error', () => undefined);
  await closing(second);
  proxy.heal();
  const third = await dial();
  expect(await say(third, 'b')).toBe('b');
  third.destroy();
});

test('a half-open link is silent, old and new connections alike, and goes on when healed', async () => {
  const socket = await dial();
  expect(await say(socket, 'a')).toBe('a');
  proxy.cut('half-open');
  expect(await say(socket, 'b')).toBeNull();
  const late = await dial();
  expect(await say(late, 'c')).toBeNull();
  const heard = Promise.all([once(socket, 'data'), once(late, 'data')]);
  proxy.heal();
  expect((await heard).map((chunk) => String(chunk))).toEqual(['b', 'c']);
  socket.destroy();
  late.destroy();
});
