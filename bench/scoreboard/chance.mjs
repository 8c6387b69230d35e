/** Which of `weights` (name -> weight) this number in [0, 1) falls on. */
export function drawn(weights, chance) {
  const entries = Object.entries(weights);
  let left = chance * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  return entries.at(-1)[0];
}
