/** The agent's version: the same as the package's, kept by a test, so that a bundle needs no package.json. */
export const agentVersion = '0.2.0';
/** The day of the release or shortly before: no signed time of before it needs to be believed. */
export const agentBuiltAtMs = Date.UTC(2026, 10, 1);
