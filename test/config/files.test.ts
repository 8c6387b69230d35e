import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configOf, LISTS, problemsOf } from './loading.ts';

describe('.env', () => {
  it('may have a byte order mark, CRLF, quotes, export and comments', () => {
    const text =
      '\uFEFFRPC_URLS="http://a/?x=1 name=one, http://b" # the two\r\nexport FALLBACK_RPC_URLS=none\r\n# PORT=1\r\nPORT=3030\r\n';
    const config = configOf({ files: { '.env': text } });
    expect(config.port).toBe(3030);
    expect(config.upstreams.map(({ name, url }) => `${name} ${url.href}`)).toEqual([
      'one http://a/?x=1',
      'b http://b/',
    ]);
  });

  it('keeps a = within a value', () => {
    const config = configOf({
      files: { '.env': 'RPC_URLS=http://a/?key=abc==&x=1\nFALLBACK_RPC_URLS=none' },
    });
    expect(config.upstreams[0]?.url.search).toBe('?key=abc==&x=1');
  });

  it('may hold a list over several lines, in quotes', () => {
    const config = configOf({
      files: { '.env': 'RPC_URLS="\nhttp://a,\nhttp://b,\n"\nFALLBACK_RPC_URLS=none' },
    });
    expect(config.upstreams.map((upstream) => upstream.name)).toEqual(['a', 'b']);
  });

  it('may hold variables of other programs', () => {
    expect(configOf({ env: LISTS, files: { '.env': 'AWS_REGION=x\nPORTS=1' } }).port).toBe(8080);
  });

  it('names the line of a wrong value', () => {
    const files = { '.env': '# first\n\nPORT=1\nPORT = wrong\n' };
    expect(problemsOf({ env: LISTS, files })[0]).toMatch(/^PORT \(\.env line 4\): "wrong"/);
  });

  it.each([
    ['RPC_URLS', 'RPC_URLS=http://a/KEY#x, http://b\nFALLBACK_RPC_URLS=none', 'RPC_URLS (.env line 1)'],
    ['RPCs', 'FALLBACK_RPC_URLS=none\nRPCs=http://a/KEY#x, http://b', 'RPC_URLS (RPCs, .env line 2)'],
    [
      'FALLBACK_RPC_URLS',
      'RPC_URLS=http://a\nFALLBACK_RPC_URLS=http://b/KEY#x',
      'FALLBACK_RPC_URLS (.env line 2)',
    ],
  ])('does not lose the end of %s after a # silently', (_name, text, where) => {
    const problems = problemsOf({ files: { '.env': text } });
    expect(problems).toEqual([expect.stringContaining(`${where}: a # begins a comment`)]);
    expect(problems.join()).not.toContain('KEY');
  });

  it('may lose it where another place is believed', () => {
    expect(problemsOf({ env: LISTS, files: { '.env': 'RPC_URLS=http://a/KEY#x' } })).toEqual([]);
  });

  it('refuses a fragment that quotes kept', () => {
    const problems = problemsOf({ files: { '.env': 'RPC_URLS="http://a/KEY#x"\nFALLBACK_RPC_URLS=none' } });
    expect(problems).toEqual([expect.stringMatching(/http:\/\/a has a fragment/)]);
  });

  it('need not be there', () => {
    expect(problemsOf({ env: LISTS })).toEqual([]);
  });

  it('is a problem when it is there and can not be read', () => {
    expect(problemsOf({ env: LISTS, files: { '.env': null } })).toEqual([
      '.env: it is a folder; allowed: a readable env file in UTF-8',
    ]);
  });

  it('is a problem when it is UTF-16', () => {
    const files = { '.env': Buffer.from('\uFEFFPORT=3030', 'utf16le') };
    expect(problemsOf({ env: LISTS, files })).toEqual([expect.stringContaining('it is not UTF-8 text')]);
  });

  it('gives way to the file of --env-file', () => {
    const files = { '.env': 'PORT=1\nHOST=wrong host', 'other.env': 'MAX_BATCH=7' };
    expect(configOf({ argv: ['--env-file=other.env'], env: LISTS, files })).toMatchObject({
      port: 8080,
      maxBatch: 7,
    });
  });
});

describe('the file of --env-file', () => {
  it('must be there', () => {
    expect(problemsOf({ argv: ['--env-file', 'gone.env'], env: LISTS })).toEqual([
      'flag --env-file: gone.env: there is no such file; allowed: a readable env file in UTF-8',
    ]);
  });

  it('when missing is not followed by the problem that the lists are not set', () => {
    expect(problemsOf({ argv: ['--env-file=gone.env'] })).toHaveLength(1);
  });
});

describe('the JSON file', () => {
  const withFile = (text: string) => ({ argv: ['--config=c.json'], files: { 'c.json': text } });

  it('works with the names of the original program', () => {
    const text =
      '{"port": ":8080", "healthCheckInterval": "2s", "lbAlgo": "round-robin", "servers": ["http://localhost:5001"], "maxRetries": 3}';
    expect(configOf(withFile(text))).toMatchObject({
      port: 8080,
      healthCheckIntervalMs: 2_000,
      strategy: 'round-robin',
      maxAttempts: 3,
      upstreams: [
        { name: 'localhost:5001', tier: 'primary', weight: 1, url: new URL('http://localhost:5001') },
      ],
    });
  });

  it.each(['3030', '"3030"', '":3030"'])('takes the port %s', (port) => {
    expect(configOf(withFile(`{"servers": "http://a", "port": ${port}}`)).port).toBe(3030);
  });

  it('takes numbers, booleans and lists where they fit', () => {
    const text =
      '{"servers": ["http://a"], "statusPaths": false, "retryStatus": [500, "502-504"], "maxBatch": 9, "errorTimeToLiveMinutes": 0.5}';
    expect(configOf(withFile(text))).toMatchObject({
      statusPaths: false,
      retryStatus: new Set([500, 502, 503, 504]),
      maxBatch: 9,
      errorTimeToLiveMs: 30_000,
    });
  });

  it('takes the lists as text with commas as well', () => {
    const text = '{"servers": "http://a, http://b weight=3,", "fallbackServers": "http://c"}';
    expect(configOf(withFile(text)).upstreams.map(({ name, weight }) => `${name} ${weight}`)).toEqual([
      'a 1',
      'b 3',
      'c 1',
    ]);
  });

  it('keeps a comma within an entry of a list', () => {
    const text = '{"servers": ["http://a/?x=1,2 name=one", ""]}';
    expect(configOf(withFile(text)).upstreams.map(({ name, url }) => name + url.search)).toEqual([
      'one?x=1,2',
    ]);
  });

  it('may have a byte order mark', () => {
    expect(configOf(withFile('\uFEFF{"servers": ["http://a"]}')).upstreams).toHaveLength(1);
  });

  it.each([
    [
      '"ports": 1',
      'key "ports" of c.json: unknown key; allowed: the settings in camelCase, "port" is the nearest',
    ],
    [
      '"PORT": 1',
      'key "PORT" of c.json: unknown key; allowed: the settings in camelCase, "port" is the nearest',
    ],
    [
      '"max_attempts": 1',
      'key "max_attempts" of c.json: unknown key; allowed: the settings in camelCase, "maxAttempts" is the nearest',
    ],
    ['"adminDoor": 1', 'key "adminDoor" of c.json: unknown key; allowed: the settings in camelCase'],
    ['"__proto__": 1', 'key number 2 of c.json: unknown key; allowed: the settings in camelCase'],
    [
      '"port": null',
      'PORT (key "port" of c.json): null can\'t be its value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      '"port": [1]',
      'PORT (key "port" of c.json): this list can\'t be its value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      '"port": {}',
      'PORT (key "port" of c.json): an object can\'t be its value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      '"port": true',
      'PORT (key "port" of c.json): true can\'t be its value; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      '"port": ""',
      'PORT (key "port" of c.json): "" is not allowed; allowed: a port from 0 to 65535 (0 takes any free one)',
    ],
    [
      '"maxBatch": 1e400',
      'MAX_BATCH (key "maxBatch" of c.json): "Infinity" is not allowed; allowed: a whole number from 1 to 1000000',
    ],
    [
      '"statusPaths": 1',
      'STATUS_PATHS (key "statusPaths" of c.json): "1" is not allowed; allowed: on or off',
    ],
    [
      '"maxAttempts": 2, "maxRetries": 3',
      'MAX_ATTEMPTS (key "maxRetries" of c.json): it is set by key "maxAttempts" of c.json as well; allowed: once',
    ],
  ])('with %s has a problem', (entry, problem) => {
    expect(problemsOf(withFile(`{"servers": ["http://a"], ${entry}}`))).toEqual([problem]);
  });

  it('tells which entry of a list is no text', () => {
    expect(problemsOf(withFile('{"servers": ["http://a", {"url": "http://b/KEY"}]}'))).toEqual([
      expect.stringMatching(
        /^RPC_URLS \(key "servers" of c\.json\): a list with an object in it \(item 2\) can't be its value; allowed: .*; or a list of such texts$/,
      ),
    ]);
  });

  it('tells a bare number that a unit is missing', () => {
    expect(problemsOf(withFile('{"servers": ["http://a"], "requestTimeout": 30}'))[0]).toMatch(
      /^REQUEST_TIMEOUT \(key "requestTimeout" of c\.json\): "30" has no unit/,
    );
  });

  it.each([
    '{"servers": []}',
    '{"servers": [" "]}',
    '{"servers": ""}',
    '{"servers": [{}]}',
    '{"servers": null}',
  ])('with %s names no URL', (text) => {
    expect(problemsOf(withFile(text))).toContainEqual(
      expect.stringMatching(/^RPC_URLS \(key "servers" of c\.json\): .*allowed: http/),
    );
  });

  it.each(['{"port": 1', '', '{"servers": ["http://a/KEY"],}', "{'port': 1}"])(
    'that is not valid JSON is a problem: %s',
    (text) => {
      const problems = problemsOf(withFile(text));
      expect(problems).toEqual([
        expect.stringMatching(/^flag --config: c\.json: it is not valid JSON( \(line 1\))?; allowed/),
      ]);
      expect(problems.join()).not.toContain('KEY');
    },
  );

  it.each(['[]', '"x"', 'null', '1'])('must hold an object, not %s', (text) => {
    expect(problemsOf(withFile(text))).toEqual([expect.stringContaining('it holds no JSON object')]);
  });

  it('must be there', () => {
    expect(problemsOf({ argv: ['--config=gone.json'], env: LISTS })).toEqual([
      'flag --config: gone.json: there is no such file; allowed: a readable JSON file in UTF-8',
    ]);
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const large = join(folder, 'large');
  writeFileSync(large, ' '.repeat(1_048_577));

  it.each([
    ['a pipe that nobody writes to', pipe, 'it is no regular file'],
    ['a device without end', '/dev/zero', 'it is no regular file'],
    ['more than 1 MB', large, 'it is larger than 1 MB'],
  ])('is refused when it is %s', (_, name, reason) => {
    const tls = { TLS_CERT_FILE: name, TLS_KEY_FILE: name };
    const problems = [
      ...problemsOf({ argv: [`--env-file=${name}`], env: LISTS }),
      ...problemsOf({ argv: [`--config=${name}`], env: LISTS }),
      ...problemsOf({ env: { ...LISTS, RPC_URLS: `https://a ca=${name}` } }),
      ...problemsOf({ env: { ...LISTS, ...tls } }),
      ...problemsOf({ env: { ...LISTS, PERSIST_SERVERS: name } }),
    ];
    expect(problems.filter((problem) => problem.includes(reason)).length).toBeGreaterThanOrEqual(5);
  });
});
