/** Finds the items of a list in Recursive Length Prefix encoding (Yellow Paper, appendix B). */

export interface RlpItem {
  readonly isList: boolean;
  /** The item including its prefix. */
  readonly bytes: Buffer;
}

interface Prefix {
  readonly isList: boolean;
  /** Bytes of the prefix itself. */
  readonly size: number;
  /** Bytes of what follows it. */
  readonly length: number;
}

/** More items than any transaction has, so that a long list of empty items takes no memory. */
const MAX_ITEMS = 32;

/** The items of the list that fills `bytes` exactly; undefined when they are not such a list, or not canonical. */
export function itemsOf(bytes: Buffer): RlpItem[] | undefined {
  const whole = prefixAt(bytes, 0);
  if (whole?.isList !== true || whole.size + whole.length !== bytes.length) return undefined;
  const items: RlpItem[] = [];
  let at = whole.size;
  while (at < bytes.length) {
    const prefix = prefixAt(bytes, at);
    if (prefix === undefined || items.length === MAX_ITEMS) return undefined;
    const end = at + prefix.size + prefix.length;
    items.push({ isList: prefix.isList, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return items;
}

/** Undefined when the item at `at` ends beyond the bytes, or could have a shorter prefix. */
function prefixAt(bytes: Buffer, at: number): Prefix | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { isList: false, size: 0, length: 1 };
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  if (short <= 55) return fits(bytes, at, { isList, size: 1, length: short });
  const digits = short - 55;
  // Six bytes of length are more than any buffer needs, and the most that Node reads at once.
  if (digits > 6 || at + 1 + digits > bytes.length || bytes[at + 1] === 0) return undefined;
  const length = bytes.readUIntBE(at + 1, digits);
  return length > 55 ? fits(bytes, at, { isList, size: 1 + digits, length }) : undefined;
}

function fits(bytes: Buffer, at: number, prefix: Prefix): Prefix | undefined {
  if (at + prefix.size + prefix.length > bytes.length) return undefined;
  // A byte under 0x80 is its own encoding.
  const bare = !prefix.isList && prefix.length === 1 && (bytes[at + 1] ?? 0) < 0x80;
  return bare ? undefined : prefix;
}
