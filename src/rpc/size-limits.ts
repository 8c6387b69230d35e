/** Reads from a refusal for size what was too large, and the limit where the text states one. */

import type { NormalizedError, RpcErrorClass } from './error-rows.ts';

/** A refusal because the call asks for more than the upstream returns at once. */
export interface SizeRefusal {
  /**
   * What there is too much of: calls in a `batch`, `blocks` in a range, or what is found there: `results`, or `bytes` of
   * an answer. How much is found differs from call to call: it says nothing about the blocks that the upstream allows.
   */
  readonly about: 'batch' | 'blocks' | 'results' | 'bytes';
  /** What the upstream says, in lower case. */
  readonly text: string;
  /** Whether the client itself wrote these words. */
  readonly isClients: (words: string) => boolean;
}

/** What was refused, as far as it is known. */
export interface Asked {
  /** Blocks or calls. */
  readonly size: number | undefined;
  /** Numbers of the client's that the text may quote: the first block and the last one. */
  readonly numbers: readonly number[];
}

interface Candidate {
  readonly value: number;
  /** Words about a limit stand beside it. */
  readonly isStated: boolean;
  /** The client may be quoted with it. */
  readonly isQuoted: boolean;
  /** What follows it. */
  readonly after: string;
}

const RESULTS =
  /returned more than|max(?:imum)? results|log response size|\b(?:logs?|results?|events?|records|matches)\b.{0,40}\b(?:exceed|too many|returned|over the)|\b(?:too many|more than|max(?:imum)?(?: number)? of|limit of) (?:[\d,._k]+ )?(?:logs|results|events|records|matches)\b/;
const BYTES =
  /response (?:size|is|was|too|limit|exceed)|\bbatch response\b|\bpayload\b|request (?:is )?too (?:big|large)|too large request|entity too large|\bbody\b|\bbytes\b|\d ?[kmg]i?b\b/;
const RANGE = /\b(?:block|from|to)s?\b|\b\w*block\w*\b|\brange|\bdistance\b|\bspan\b|\binterval\b|\bwindow\b/;
const OTHER_MATTER = /\b(?:address(?:es)?|topics?|filters)\b/;

/** What a refusal of this class is about; undefined for one that smaller pieces would not mend. */
export function sizeRefusalOf(found: RpcErrorClass, error: NormalizedError): SizeRefusal | undefined {
  const about = found === 'batch-too-large' ? aboutBatch(error) : aboutRange(found, error);
  return about && { about, text: error.text, isClients: error.isClients };
}

function aboutBatch({ text }: NormalizedError): SizeRefusal['about'] {
  return BYTES.test(text) ? 'bytes' : 'batch';
}

function aboutRange(found: RpcErrorClass, { text, code }: NormalizedError): SizeRefusal['about'] | undefined {
  if (found !== 'range-too-large') return undefined;
  if (RESULTS.test(text)) return 'results';
  if (BYTES.test(text)) return 'bytes';
  const isRange = code === RANGE_CODE || RANGE.test(text);
  if (!isRange && OTHER_MATTER.test(text)) return undefined;
  return isRange || candidatesIn(text, NOTHING_ASKED).some(({ isStated }) => isStated) ? 'blocks' : 'results';
}

/** QuickNode's. */
const RANGE_CODE = -32614;
const NOTHING_ASKED: Asked = { size: undefined, numbers: [] };

/**
 * The limit that the text states: the number that goes with words for a limit, else any that is smaller than what was
 * asked for and not the client's own. Undefined when there is none. Of a refusal about results it is a range that the
 * text says would do for this call.
 */
export function statedLimit(refusal: SizeRefusal, asked: Asked): number | undefined {
  const { about, text, isClients } = refusal;
  if (about === 'bytes') return undefined;
  const pair = about === 'batch' ? undefined : suggestedRange(text, asked);
  if (about === 'results') return blocksIn(text, asked) ?? pair;
  const { size } = asked;
  const fits = candidatesIn(text, asked, isClients).filter(({ value }) => size === undefined || value < size);
  const stated = fits.filter(({ isStated }) => isStated);
  const best = stated.find(({ isQuoted }) => !isQuoted) ?? stated[0];
  // Without knowing what was asked for the least of them can't be that.
  if (best) return size === undefined ? Math.min(...stated.map(({ value }) => value)) : best.value;
  return pair ?? (size === undefined ? undefined : fits[0]?.value);
}

const HEX = '0x[0-9a-f]{1,13}';
/** `[0x1, 0xa]`, or `range 100-199`. */
const PAIRS = new RegExp(
  `\\[ ?(${HEX}|\\d{1,15}), ?(${HEX}|\\d{1,15}) ?\\]|(?<=\\brange )\\d{1,15} ?- ?\\d{1,15}(?!\\d)`,
  'g',
);
const SUGGESTING = /\b(?:work|try)\b.{0,40}$/;

/** How many blocks a range has that the text says would work. */
function suggestedRange(text: string, { size, numbers }: Asked): number | undefined {
  for (const { 0: whole, 1: low = '', 2: high = '', index } of text.matchAll(PAIRS)) {
    const [first, last] = low === '' ? whole.split('-').map(Number) : [Number(low), Number(high)];
    if (first === undefined || last === undefined) continue;
    const isSuggested = numbers.includes(first) || SUGGESTING.test(text.slice(0, index));
    const width = last - first + 1;
    if (isSuggested && width >= 1 && (size === undefined || width < size)) return width;
  }
  return undefined;
}

/** The blocks that a text about results allows whatever is in them: "up to a 2K block range". */
function blocksIn(text: string, asked: Asked): number | undefined {
  const found = candidatesIn(text.replace(/-block/g, ' block'), asked).find(
    ({ value, after }) => /^ blocks?\b/.test(after) && (asked.size === undefined || value < asked.size),
  );
  return found?.value;
}

/** A number: `10000`, `10,000`, `10 000`, `10_000`, `10.000`, `10k`, `0x2710`; no error code, decimal, version or part of a word. */
const NUMBERS = new RegExp(
  `(?<![\\w.#$]|(?<!\\d)-)(?:(${HEX})|(\\d{1,3}(?:[,._'\\u00a0 ]\\d{3}(?!\\d))+|\\d{1,15})(k)?)(?![\\w]|\\.\\d)`,
  'g',
);
/** What follows a number that counts something else. */
const OTHER_UNIT =
  /^[ -]?(?:[kmg]i?b|bytes?|m?s|ms|sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|results?|logs?|events?|records?|matches|address(?:es)?|topics?|filters?|credits?|cus?|rps|%|(?:requests?|calls?|queries|blocks?) ?(?:per|\/) ?(?:s|m|h|d)|queries)\b/;
const LIMIT_BEFORE =
  /\b(?:max\w*|limit\w*|up to|at most|more than|fewer than|less than|exceed\w*|over|above|allow\w*|(?:small|larg|great|bigg|wid|long|high)er than|within|under|below|cap(?:ped)?|only|permitt\w*|restrict\w*|support\w*|threshold|(?:should|must) be)\b|[<>≤]/;
const LIMIT_AFTER =
  /^[ -]?(?:blocks?|requests?|calls?|items?)?(?: ranges?| per \w+| in (?:a|one|each) \w+)?,? ?(?:is |are )?(?:the )?(?:max|limit|allowed|at most|or (?:less|fewer)|cap|permitted)/;
/** Just before a limit: "limit 2 exceeded". */
const LIMIT_ITSELF = /\b(?:limit|max\w*|cap|threshold)(?: of| is)?[ :=]*$/;
/** After what was asked for. */
const ASKED_AFTER =
  /^[ -]?(?:blocks?|calls?|requests?)? ?(?:exceed|is (?:too|(?:bigg|larg|great|wid)er)|are too|>)/;
const STRICT = /(?:less|fewer|smaller|lower) than[^\d]{0,12}$|\b(?:under|below)[^\d]{0,12}$/;
/** Before the first or the last block. */
const BOUND =
  /(?<!\b(?:limited|up|set|restricted|equals?|capped|equal) )\b(?:from|to|and|between|start|end|(?:from|to)? ?block(?: number)?)[ :=]*$/;
/** Before a number that names something. */
const NAMED = /\b(?:code|error|status|id|http|version|chain|line)[ :=#]*$/;
/** How far words for a limit may be from their number, in characters. */
const FAR = 80;
const NEAR = 40;

/** The numbers of the text that may be a limit. */
function candidatesIn(
  text: string,
  asked: Asked,
  isClients: SizeRefusal['isClients'] = () => false,
): readonly Candidate[] {
  const found: Candidate[] = [];
  const plain = text.replace(/https?:\/\/\S+/g, ' ').replace(PAIRS, ' ');
  for (const match of plain.matchAll(NUMBERS)) {
    const before = sentenceEnding(plain.slice(Math.max(0, match.index - FAR), match.index));
    const end = match.index + match[0].length;
    const after = plain.slice(end, end + NEAR);
    if (OTHER_UNIT.test(after) || NAMED.test(before)) continue;
    const words = LIMIT_BEFORE.exec(before);
    const isStated = words !== null || LIMIT_AFTER.test(after);
    const value = limitOf(match, before, asked);
    const isQuoted = asked.numbers.includes(value) || isDistance(numberOf(match), asked);
    const isAsked =
      (ASKED_AFTER.test(after) && !LIMIT_ITSELF.test(before)) ||
      (isQuoted && (!isStated || BOUND.test(before)));
    if (value < 1 || isAsked) continue;
    const phrase = `${before.slice(words ? words.index : -NEAR)}${match[0]}`;
    if (!/[a-z]{3}/.test(phrase) || !isClients(phrase)) found.push({ value, isStated, isQuoted, after });
  }
  return found;
}

/** What stands before a number, from the last end of a sentence on. */
function sentenceEnding(before: string): string {
  return before.slice(before.search(/(?:[.;!?]\s|\n)(?!.*(?:[.;!?]\s|\n))/s) + 1);
}

/** "Less than 1000", to a call that asked for 1000, means 999. */
function limitOf(match: RegExpMatchArray, before: string, { size }: Asked): number {
  const value = numberOf(match);
  return value === size && STRICT.test(before) ? value - 1 : value;
}

/** Many say the distance between the blocks, one less than their number, where they say what was asked for. */
function isDistance(value: number, { size, numbers }: Asked): boolean {
  return numbers.length > 0 && value + 1 === size;
}

function numberOf([, hex, decimal = '', thousands]: RegExpMatchArray): number {
  const value = hex === undefined ? Number(decimal.replace(/\D/g, '')) : Number(hex);
  return thousands === undefined ? value : value * 1_000;
}
