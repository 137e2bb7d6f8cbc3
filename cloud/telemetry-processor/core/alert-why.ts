/** Why this rule, where several fit a device: in one sentence. Pure. */
import { type AlertRule, scopeRank } from './alert-rules.ts';

/** A rule that fits a device, and what its group is called. */
export type Fitting = { rule: AlertRule; groupName: string | null };

const reasonOf = ({ rule, groupName }: Fitting): string => {
  if (rule.groupId !== null) return `the device is in the group “${groupName ?? rule.groupId}”`;
  if (rule.query !== null) return `the device answers the query ${rule.query}`;
  return rule.site === null ? 'it is the general one' : `it is the one for the site ${rule.site}`;
};

const order = 'a group comes before a query, a query before a site, a site before the general rule';
const nameOf = ({ rule }: Fitting): string => `“${rule.name}”`;
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

const holdingOf = (holding: Fitting, others: readonly Fitting[]): string => {
  const because = `${nameOf(holding)} holds because ${reasonOf(holding)}`;
  if (others.length === 0) return `${because}; no other rule of its type fits.`;
  const isAlike = others.some(({ rule }) => scopeRank(rule) === scopeRank(holding.rule));
  const alike = isAlike ? ', and of two alike the first by name' : '';
  const fit = others.length === 1 ? 'fits, too, and comes' : 'fit, too, and come';
  return `${because}; ${listed(others.map(nameOf))} ${fit} after it: ${order}${alike}.`;
};

/** `fitting` in the order in which rules are asked: the first holds. */
export const whyWords = (
  raised: { ruleId: string; ruleName: string },
  fitting: readonly Fitting[],
): string => {
  const [holding, ...others] = fitting;
  const before = `It was raised by “${raised.ruleName}”, which does not hold there any more.`;
  if (holding === undefined) return before;
  const words = holdingOf(holding, others);
  return holding.rule.id === raised.ruleId ? words : `${before} Now ${words}`;
};
