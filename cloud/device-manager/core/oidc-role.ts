/**
 * What the claims of somebody who signed in elsewhere make them here. Pure. Of several rules that
 * apply, the one that allows most counts: people are in many groups.
 */
type Role = 'viewer' | 'operator' | 'admin';
export type RoleRule = { value: string; role: Role; sites: string[] | null };
export type RoleRules = { claim: string; rules: readonly RoleRule[]; defaultRole: Role | null };
export type Standing = { role: Role; sites: string[] | null };

const rank: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** A claim is a text or a list of texts; a dotted name reaches into objects. */
const valuesOf = (claims: Readonly<Record<string, unknown>>, name: string): string[] => {
  const direct = claims[name];
  const found =
    direct ??
    name
      .split('.')
      .reduce<unknown>(
        (value, part) =>
          typeof value === 'object' && value !== null && Object.hasOwn(value, part)
            ? (value as Record<string, unknown>)[part]
            : undefined,
        claims,
      );
  return [found].flat().filter((value): value is string => typeof value === 'string');
};

/** Null: nobody of ours. */
export const standingOf = (
  claims: Readonly<Record<string, unknown>>,
  { claim, rules, defaultRole }: RoleRules,
): Standing | null => {
  const values = valuesOf(claims, claim);
  const matching = rules.filter(({ value }) => values.includes(value));
  const best = Math.max(...matching.map(({ role }) => rank[role]));
  const [first, ...others] = matching.filter(({ role }) => rank[role] === best);
  if (first === undefined) return defaultRole === null ? null : { role: defaultRole, sites: null };
  const sites = [first, ...others].map((rule) => rule.sites);
  const everywhere = sites.some((each) => each === null);
  const all = [...new Set(sites.flatMap((each) => each ?? []))];
  return { role: first.role, sites: everywhere ? null : all };
};
