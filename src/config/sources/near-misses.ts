/** Finds names in the environment and in env files that were probably meant to be settings. */

import { closestName } from '../closest-name.ts';
import { SETTINGS } from '../table/settings.ts';
import { settingName } from './pool-names.ts';
import type { ForeignName } from './raw-settings.ts';

/** A name that has no effect, and the setting that it is nearly called like. */
export interface NearMiss extends ForeignName {
  readonly meant: string;
}

const NAMES: readonly string[] = SETTINGS.flatMap(({ name, alias }) =>
  alias === undefined ? [name] : [name, alias],
);
/** Longer names, and those with other signs, are not looked at. */
const NAME = /^[a-z][a-z0-9_-]{2,63}$/i;
/** Where its words come from. */
export const ENVIRONMENT = 'environment';

/**
 * An env file is written for this program, so that a name in it is compared with all settings. An environment has those
 * of many programs: there a name must begin with a setting's first word, and differ by one letter.
 */
export function nearMissesOf(foreign: readonly ForeignName[], pools: readonly string[]): NearMiss[] {
  return foreign.flatMap((written) => {
    const meant = NAME.test(written.name) ? meantBy(written, pools) : undefined;
    return meant === undefined ? [] : [{ ...written, meant }];
  });
}

/** For operators. */
export function nearMissText({ name, source, meant }: NearMiss): string {
  return `${name} (${source}) is no setting and has no effect; did you mean ${meant}?`;
}

function meantBy({ name, source }: ForeignName, pools: readonly string[]): string | undefined {
  const near = source === ENVIRONMENT ? veryNear : nearOrPart;
  const meant = near(name);
  if (meant !== undefined) return meant;
  for (const pool of pools) {
    const tail = settingName('', pool);
    const own = name.toUpperCase().endsWith(tail) ? near(name.slice(0, -tail.length)) : undefined;
    if (own !== undefined) return settingName(own, pool);
  }
  return undefined;
}

function veryNear(name: string): string | undefined {
  const [first = '', ...rest] = name.split('_');
  if (rest.length === 0) return undefined;
  const alike = NAMES.filter((other) => other.startsWith(`${first}_`) && isWithinOne(name, other));
  return closestName(name, alike);
}

/** A letter too many, too few or another one. */
function isWithinOne(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let same = 0;
  while (same < short.length && short[same] === long[same]) same += 1;
  const rest = short.length === long.length ? same + 1 : same;
  return long.length - short.length <= 1 && short.slice(rest) === long.slice(same + 1);
}

/** `STRATEGYY`, `rpc_urls`; or words of one setting without the others: `FALLBACK_URLS`, `SLACK_WEBHOOK`. */
function nearOrPart(name: string): string | undefined {
  const closest = closestName(name, NAMES);
  if (closest !== undefined) return closest;
  const words = name.toUpperCase().split(/[_-]/);
  const [only, ...others] = NAMES.filter((other) => arePartOf(words, other.split('_')));
  return words.length > 1 && others.length === 0 ? only : undefined;
}

/** In the same order. */
function arePartOf(words: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const word of all) if (word === words[at]) at += 1;
  return at === words.length;
}
