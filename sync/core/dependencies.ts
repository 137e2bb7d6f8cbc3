/**
 * In which order the containers of a bundle start: one that others depend on before them, as the
 * manifest lists them where nothing says otherwise. Stopping is the same order backwards. Pure.
 */
type Dependent = { name: string; dependsOn: readonly string[] };

export type StartOrder =
  | { kind: 'ordered'; names: string[] }
  /** They wait for one another: the first is repeated at the end. */
  | { kind: 'cycle'; names: string[] };

/** From a container that can't start yet along what it waits for, until one comes twice. */
const cycleFrom = (waiting: readonly Dependent[]): string[] => {
  const stuck = new Map(waiting.map((one) => [one.name, one]));
  const walked: string[] = [];
  let at = waiting[0];
  while (at !== undefined && !walked.includes(at.name)) {
    walked.push(at.name);
    const next = at.dependsOn.find((name) => stuck.has(name));
    at = next === undefined ? undefined : stuck.get(next);
  }
  return at === undefined ? walked : [...walked.slice(walked.indexOf(at.name)), at.name];
};

/** Names that are not in the bundle hold nobody up: the schema refuses them. */
export const startOrder = (containers: readonly Dependent[]): StartOrder => {
  const names = new Set(containers.map(({ name }) => name));
  const started = new Set<string>();
  let waiting = [...containers];
  while (waiting.length > 0) {
    const ready = waiting.find(({ dependsOn }) =>
      dependsOn.every((name) => started.has(name) || !names.has(name)),
    );
    if (ready === undefined) return { kind: 'cycle', names: cycleFrom(waiting) };
    started.add(ready.name);
    waiting = waiting.filter(({ name }) => name !== ready.name);
  }
  return { kind: 'ordered', names: [...started] };
};
