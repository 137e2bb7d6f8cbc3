/**
 * Pushes what changes to the technician's page: a snapshot of each topic now, then again when it
 * changed. Snapshots, not differences: a page that missed one is right after the next.
 */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { AgentView, Topic } from './view.ts';

const streamsMax = 16;
/** Many rows may be appended in one go; a person needs a few pictures a second. */
const settleMs = 250;
const keepAliveMs = 15_000;
/** What the page shows; more is asked for. */
const eventsMax = 50;

export const createStreams = (view: AgentView) => {
  let open = 0;
  const snapshot: Record<Topic, () => unknown> = {
    device: view.device,
    containers: view.containers,
    link: view.link,
    events: () => ({ events: view.outbox.recentEvents(eventsMax) }),
    metrics: () => ({ sample: view.metrics.newest() }),
  };
  return {
    full: () => open >= streamsMax,
    serve: (context: Context) =>
      streamSSE(context, async (stream) => {
        open += 1;
        const due = new Set<Topic>(['device', 'containers', 'link', 'events', 'metrics']);
        const sent = new Map<Topic, string>();
        let wake = () => {};
        const stop = view.onChange((topic) => {
          due.add(topic);
          wake();
        });
        stream.onAbort(() => wake());
        try {
          while (!stream.aborted) {
            for (const topic of [...due]) {
              due.delete(topic);
              const data = JSON.stringify(snapshot[topic]());
              if (sent.get(topic) === data) continue;
              sent.set(topic, data);
              await stream.writeSSE({ event: topic, data });
            }
            const woken = new Promise<'news'>((resolve) => {
              wake = () => resolve('news');
            });
            if ((await within(woken, keepAliveMs)) === 'late')
              await stream.write(': still here\n\n');
            else await stream.sleep(settleMs);
          }
        } finally {
          open -= 1;
          stop();
        }
      }),
  };
};

/** Whichever comes first: news, or the time after which a silent line would look dead. */
export const within = async (news: Promise<'news'>, limitMs: number): Promise<'news' | 'late'> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  const first = await Promise.race([news, late]);
  clearTimeout(timer);
  return first;
};
