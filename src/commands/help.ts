/** The text of `--help`. */

import { optionsHelp, settingsHelp } from '../config/generated-docs.ts';

export function helpText(): string {
  return `rpc-load-balancer: one URL in front of many RPC providers

Usage: rpc-load-balancer [--FLAG=VALUE ...]

  --backends=URL,URL  primary upstreams without a fallback list
  --config=FILE       settings from a JSON file, with their names in camelCase
  --env-file=FILE     settings from this env file instead of .env in the working directory
  --check             check the settings and all upstreams, and advise; exit status 0 if all is well
  --format=json       with --check: print one JSON document instead of text
  --healthcheck       ask the running daemon whether it is ready; exit status 0 if it is
  --version           print the version
  --help              print this text

Each setting is a flag, an environment variable and a line of the env file (PORT for --port) and a key of
the JSON file. The command line wins, then the environment, then the env file, then the JSON file.
A name behind the flags of the two lists makes a pool at a path of its own, and settings about upstreams can be given
for it in the same way: --rpc-urls-base=… is served at /base, --strategy-base=… is its strategy.

${settingsHelp()}

An upstream's options follow its URL, separated by spaces: --rpc-urls='https://eth.example rps=50, https://other.example'

${optionsHelp()}
`;
}
