// Rewrites what the documents say of settings and own answers from the tables in the code. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { envExample, generatedParts, replaceBetween } from '../dist/config/generated-docs.js';

const root = new URL('../', import.meta.url);
for (const { file, mark, content } of generatedParts()) {
  const document = new URL(file, root);
  writeFileSync(document, replaceBetween(readFileSync(document, 'utf8'), mark, content));
}
writeFileSync(new URL('.env.example', root), envExample());
