/** The agent's version: the same as the package's, kept by a test, so that a bundle needs no package.json. */
export const agentVersion = '0.1.0';
