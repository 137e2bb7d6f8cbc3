/**
 * Shows that a long step is going on: on a terminal one line that counts seconds, elsewhere (CI)
 * a line at the start, one every ten seconds and one at the end.
 */
export type Step = {
  /** Replaces what is said of the step while it runs. */
  say: (detail: string) => void;
};

const quietEveryMs = 10_000;
const terminalEveryMs = 200;

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

/** Runs `work` while showing `title`; a failure is shown as such and thrown on. */
export const showStep = async <T>(
  title: string,
  work: (step: Step) => Promise<T>,
  out: NodeJS.WriteStream = process.stderr,
): Promise<T> => {
  const began = performance.now();
  const terminal = out.isTTY;
  let detail = '';
  const line = () =>
    `${title}${detail === '' ? '' : ` (${detail})`} … ${seconds(performance.now() - began)}`;
  const show = () => {
    if (terminal) out.write(`\r\u001b[K${line()}`);
    else out.write(`${line()}\n`);
  };
  const timer = setInterval(show, terminal ? terminalEveryMs : quietEveryMs);
  const end = (outcome: string) => {
    clearInterval(timer);
    if (terminal) out.write('\r\u001b[K');
    out.write(`${title}: ${outcome} ${seconds(performance.now() - began)}\n`);
  };
  try {
    const result = await work({
      say: (text) => {
        detail = text;
      },
    });
    end('done in');
    return result;
  } catch (error) {
    end('failed after');
    throw error;
  }
};
