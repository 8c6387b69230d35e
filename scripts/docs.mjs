// Rewrites what the documents say of settings and own answers from the tables in the code. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  answersTable,
  envExample,
  replaceBetween,
  settingsTable,
  upstreamOptionsTable,
} from '../dist/config/document.js';

const root = new URL('../', import.meta.url);
const readme = new URL('README.md', root);
const withSettings = replaceBetween(readFileSync(readme, 'utf8'), 'settings', settingsTable());
const withOptions = replaceBetween(withSettings, 'upstream-options', upstreamOptionsTable());
writeFileSync(readme, replaceBetween(withOptions, 'answers', answersTable()));
writeFileSync(new URL('.env.example', root), envExample());
