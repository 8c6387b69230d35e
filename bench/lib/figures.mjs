/** The middle value; the mean of the two middle ones of an even number. NaN of nothing. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Slope of the least-squares line through points `[x, y]`. NaN of fewer than two. */
export function slope(points) {
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

/** Prints rows under their headings; the first column to the left, the others to the right. */
export function printTable(headings, rows) {
  const lines = [headings, ...rows].map((line) => line.map(String));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const cell = (text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]));
  console.log('');
  for (const line of lines) console.log(line.map(cell).join('   ').trimEnd());
  console.log('');
}

/** A number with so many digits after the point; a dash for what is none, or not finite. */
export function shown(value, digits = 0) {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

/** A share in percent, never rounded up to all nor down to nothing. */
export function percent(share) {
  if (!Number.isFinite(share)) return '-';
  const shownShare = (100 * share).toFixed(share < 0.1 || share > 0.9 ? 1 : 0);
  if (share < 1 && Number(shownShare) >= 100) return '99.9 %';
  if (share > 0 && Number(shownShare) === 0) return '< 0.1 %';
  return `${Number(shownShare)} %`;
}
