import { parseArgs } from 'node:util';

/**
 * Reads the command line. `defaults` names each flag: a number takes a positive number, a text any text, an array takes
 * names out of `choices[flag]` (the array itself when there is none), separated by commas.
 * Ends the process with status 1 and a sentence when the command line is wrong.
 */
export function readFlags(defaults, choices = {}) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }]));
  try {
    const { values } = parseArgs({ options, strict: true });
    const read = ([name, fallback]) => {
      const text = values[name];
      if (text === undefined) return [name, fallback];
      if (typeof fallback === 'number') return [name, positive(name, text)];
      if (typeof fallback === 'string') return [name, text];
      return [name, listed(name, text, choices[name] ?? fallback)];
    };
    return Object.fromEntries(Object.entries(defaults).map(read));
  } catch (error) {
    console.error(error.message);
    console.error(
      `Flags: ${Object.entries(defaults)
        .map(([name, value]) => `--${name}=${value}`)
        .join(' ')}`,
    );
    return process.exit(1);
  }
}

function positive(name, text) {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name}=${text} is not a positive number`);
}

function listed(name, text, allowed) {
  const names = text.split(',').map((part) => part.trim());
  const unknown = names.find((part) => !allowed.includes(part));
  if (unknown === undefined) return [...new Set(names)];
  throw new Error(`--${name}: "${unknown}" is none of ${allowed.join(', ')}`);
}
