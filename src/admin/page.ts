/** Assembles the live page from the files in `page/`. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Answer } from './answers.ts';
import { STREAMED_TYPES } from './events.ts';

const FOLDER = new URL('page/', import.meta.url);

/**
 * The page is one document. Its policy allows its own style and script, requests to this listener, and nothing else,
 * so that any text shown in it stays text. Throws when its files can't be read.
 */
export function readPage(): Answer {
  const style = readPart('style.css');
  const script = `const EVENT_TYPES = ${JSON.stringify(STREAMED_TYPES)};\n${readPart('page.js')}`;
  // Functions, because `$'` in a replacement text would have a meaning.
  const body = readPart('index.html')
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script);
  const policy = [
    "default-src 'none'",
    `style-src '${digest(style)}'`,
    `script-src '${digest(script)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  const headers = { 'Content-Security-Policy': policy.join('; '), 'Referrer-Policy': 'no-referrer' };
  return { status: 200, type: 'text/html; charset=utf-8', body, headers };
}

function readPart(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
