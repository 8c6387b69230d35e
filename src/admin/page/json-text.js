/** JSON by its source text: what is not parsed keeps its digits, however large a number is. Pure. */

/** Deeper ones stay on one line, as they came. */
const MAX_LEVELS = 20;
/** Text that would become longer than this by indentation is not indented. */
const MAX_INDENTED = 200_000;

/**
 * The tokens of valid JSON.
 * @param {string} json
 */
function tokensOf(json) {
  return json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s"[\]{},:]+/g);
}

/** @param {string} token */
function levelsOf(token) {
  if (token === '{' || token === '[') return 1;
  return token === '}' || token === ']' ? -1 : 0;
}

/**
 * The source text of a member of an object, itself valid JSON; undefined when it has none of this name.
 * @param {string} json
 * @param {string} name without anything that JSON escapes
 */
export function memberText(json, name) {
  const key = JSON.stringify(name);
  let level = 0;
  let last = '';
  let from = -1;
  for (const { 0: token, index } of tokensOf(json)) {
    level += levelsOf(token);
    if (from >= 0 && ((level === 1 && token === ',') || level === 0)) return json.slice(from, index).trim();
    if (level === 1 && token === ':' && last === key) from = index + 1;
    last = token;
  }
  return undefined;
}

/**
 * Indented by two spaces a level; as it came where that would make it unreadably deep or long.
 * @param {string} json valid
 */
export function indented(json) {
  const parts = [];
  let [length, level, last] = [0, 0, ''];
  for (const [token] of tokensOf(json)) {
    const by = levelsOf(token);
    if (by < 0) level -= 1;
    const isFirst = levelsOf(last) > 0;
    // Between the brackets of an empty one there is nothing.
    const breaks = by < 0 ? !isFirst : isFirst || last === ',';
    const deep = by < 0 ? level + 1 : level;
    const before = breaks && deep <= MAX_LEVELS ? `\n${'  '.repeat(level)}` : '';
    const part = `${before}${token}${token === ':' ? ' ' : ''}`;
    length += part.length;
    if (length > MAX_INDENTED) return json;
    parts.push(part);
    if (by > 0) level += 1;
    last = token;
  }
  return parts.join('');
}
