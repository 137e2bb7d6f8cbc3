/**
 * Somebody at a device's own console, as the device sees it: the page and what it loads, the stream
 * that pushes changes, and what the page asks again now and then. No browser: what is measured is
 * the agent.
 */
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const askEveryMs = 5_000;
const topics = ['device', 'link', 'containers', 'events?limit=50', 'metrics?minutes=60', 'session'];

/** Looks for so long, then closes the page. */
export const visitConsole = async (url: string, forMs: number): Promise<void> => {
  const agent = new Agent({ keepAlive: true });
  const until = performance.now() + forMs;
  const page = await read(agent, `${url}/`);
  for (const [, path = ''] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
    await read(agent, url + path);
  }
  const stream = get(`${url}/api/local/stream`, { agent }, (reply) => reply.resume());
  const streaming = new Promise<void>((resolve) => stream.once('close', resolve));
  stream.on('error', () => undefined);
  for (;;) {
    for (const topic of topics) await read(agent, `${url}/api/local/${topic}`);
    const left = until - performance.now();
    if (left <= 0) break;
    await sleep(Math.min(left, askEveryMs));
  }
  stream.destroy();
  await streaming;
  agent.destroy();
};

const read = async (agent: Agent, url: string): Promise<string> => {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent }, resolve).once('error', reject);
  });
  let text = '';
  for await (const chunk of reply.setEncoding('utf8')) text += String(chunk);
  return text;
};
