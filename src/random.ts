/** The program's source of randomness: a number from 0 (included) to 1 (excluded), evenly spread. */
export type Random = () => number;

export const systemRandom: Random = Math.random;
