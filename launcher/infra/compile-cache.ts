/**
 * The compile cache of a run of tests, for processes that get an environment of their own: each cloud
 * and agent from the sources else strips and compiles the same thousand files again, half a second of
 * processor every time. Without such a run there is none, and nothing depends on it.
 */
export const compileCache = (): Record<string, string> => {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
};
