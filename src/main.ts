#!/usr/bin/env -S node --
import { takeSignals } from './signals.ts';

/** These end by themselves, and when interrupted by the signal: a check that was not made is none that went well. */
const COMMAND = /^--?(?:check|healthcheck|help|version)$/;

// Before the program is loaded, which takes a third of a second, in which a container may be stopped again.
const signals = process.argv.some((argument) => COMMAND.test(argument)) ? undefined : takeSignals();
const { main } = await import('./program.ts');
await main(signals ?? { onStop() {}, onHangUp() {} });
