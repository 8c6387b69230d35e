export { seededRandom } from '../../bench/lib/seeded-random.mjs';
