/** Tables and paragraphs for a terminal. */

/** The rows as lines with aligned columns. A cell wider than `widest` pushes what follows it. */
export function table(rows: readonly (readonly string[])[], widest = Number.POSITIVE_INFINITY): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      if (cell.length <= widest) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The columns in which some row has more than a dash; the first row holds the headings. */
export function withoutEmptyColumns(rows: readonly (readonly string[])[], dash: string): string[][] {
  const [, ...body] = rows;
  return rows.map((row) =>
    row.filter((_, column) => body.some((cells) => ![dash, ''].includes(cells[column] ?? ''))),
  );
}

/** The text in lines of at most `width` characters, broken at blanks; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return line === '' ? lines : [...lines, line];
}
