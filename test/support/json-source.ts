/** Pieces of a JSON text as they were written, for what must come back byte for byte. */

/** The source texts of an array's items, or of an object's members (`"key":value`). The text is valid JSON. */
function pieces(text: string): string[] {
  const found: string[] = [];
  const source = text.trim();
  let depth = 0;
  let start = 1;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '"') at = endOfString(source, at);
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    if ((char === ',' && depth === 1) || (at === source.length - 1 && depth === 0)) {
      const piece = source.slice(start, at).trim();
      if (piece !== '') found.push(piece);
      start = at + 1;
    }
  }
  return found;
}

function endOfString(text: string, opening: number): number {
  let at = opening + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** `[1, {"a":2}]` gives `1` and `{"a":2}`. */
export function itemSources(text: string): string[] {
  return pieces(text);
}

/** `{"id": 1.0}` gives `id` → `1.0`. */
export function memberSources(text: string): Map<string, string> {
  return new Map(
    pieces(text).map((piece) => {
      const end = endOfString(piece, 0);
      // A JSON string parses to a string.
      const key = JSON.parse(piece.slice(0, end + 1)) as string;
      return [key, piece.slice(piece.indexOf(':', end) + 1).trim()];
    }),
  );
}
