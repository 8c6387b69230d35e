// Loaded into a daemon under test before the program: a slow test machine is no overload.
import { syncBuiltinESMExports } from 'node:module';
import perfHooks from 'node:perf_hooks';

perfHooks.monitorEventLoopDelay = () => ({ enable() {}, disable() {}, reset() {}, percentile: () => 0 });
syncBuiltinESMExports();
