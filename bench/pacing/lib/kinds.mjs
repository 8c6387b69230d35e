// All kinds of limiters, a file each.
import { readdirSync } from 'node:fs';

const folder = new URL('../limiters/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.mjs'))
  .sort();
const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
export const kinds = modules.flatMap((module) => module.default);
