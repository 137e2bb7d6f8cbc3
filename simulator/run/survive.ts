/**
 * A promise that nobody catches ends a real agent. Here it is a finding of the seed that runs, unless
 * the agent was killed in that very event: what a dead life still does reaches nobody.
 */
let report: ((cause: unknown) => void) | null = null;

export const onCrash = (to: ((cause: unknown) => void) | null): void => {
  report = to;
};

export const survive = (): void => {
  process.on('unhandledRejection', (cause) => report?.(cause));
};
