import { registerHooks } from './leftovers.ts';

// Before each test file.
registerHooks();
