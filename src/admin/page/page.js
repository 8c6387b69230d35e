// The live page: asks /stats every two seconds and shows what /events tells. Text goes in as text only.
const REFRESH_MS = 2_000;
const MAX_EVENTS = 100;

const at = (id) => document.getElementById(id);
/** Attempts and their time at the last look, by upstream. */
let before = new Map();

function element(tag, text, className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function say(problem) {
  at('problem').textContent = problem;
  at('problem').hidden = problem === '';
}

/** Attempts a second since the last look; empty at the first. */
function rateOf({ name, requests }, nowMs) {
  const last = before.get(name);
  if (!last || requests < last.requests) return '';
  return ((requests - last.requests) / ((nowMs - last.ms) / 1_000)).toFixed(1);
}

function stateOf({ state, reason, until, lagging }) {
  const cell = element('td', state, state);
  const seconds = until === null ? 0 : Math.max(0, Math.round((Date.parse(until) - Date.now()) / 1_000));
  const notes = [reason, until === null ? '' : `${seconds} s more`, lagging ? 'lagging' : ''].filter(Boolean);
  if (notes.length > 0) cell.append(element('span', notes.join(', '), 'aside'));
  return cell;
}

async function change(path, method, body) {
  try {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(path, { method, headers, body: JSON.stringify(body) });
    if (response.ok) return refresh();
    const { title, detail } = await response.json();
    say(detail ?? title);
  } catch {
    say('The change did not get through.');
  }
}

function button(text, act) {
  const made = element('button', text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

function buttonsOf({ name, state }) {
  const cell = element('td', '');
  const path = `servers/${encodeURIComponent(name)}`;
  const isDraining = state === 'draining';
  cell.append(
    button(isDraining ? 'Take back' : 'Drain', () => change(path, 'PATCH', { draining: !isDraining })),
  );
  if (state === 'quarantined') cell.append(button('Release', () => change(`${path}/release`, 'POST')));
  return cell;
}

function rowOf(upstream, nowMs) {
  const row = document.createElement('tr');
  const name = element('td', upstream.name);
  name.append(element('span', `${upstream.tier}, ${upstream.url}`, 'aside'));
  const number = (value) => element('td', value === null ? '–' : String(value), 'number');
  const { p50, p95, p99 } = upstream.latency_ms;
  row.append(
    name,
    stateOf(upstream),
    number(rateOf(upstream, nowMs)),
    ...[upstream.requests, upstream.failures, upstream.connections].map(number),
    ...[p50, p95, p99, upstream.weight].map(number),
    element('td', upstream.uptime),
    element('td', upstream.memory_usage ?? '–'),
    element('td', upstream.block_height === null ? '–' : String(upstream.block_height)),
    buttonsOf(upstream),
  );
  return row;
}

function show(upstreams) {
  const nowMs = performance.now();
  at('upstreams').replaceChildren(...upstreams.map((upstream) => rowOf(upstream, nowMs)));
  before = new Map(upstreams.map(({ name, requests }) => [name, { requests, ms: nowMs }]));
  const usable = upstreams.filter(({ state }) => state === 'usable').length;
  at('summary').textContent = `${usable} of ${upstreams.length} upstreams usable`;
}

async function refresh() {
  try {
    const response = await fetch('stats', { cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
    say('');
  } catch {
    say('The load balancer does not answer. What is shown may be old.');
  }
}

async function refreshAgainAndAgain() {
  // A page that nobody looks at asks nothing.
  if (!document.hidden) await refresh();
  setTimeout(refreshAgainAndAgain, REFRESH_MS);
}

function note({ type, data }) {
  const { time, type: _, upstream, ...facts } = JSON.parse(data);
  const words = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
  const line = element('li', '');
  line.append(
    element('time', new Date(time).toLocaleTimeString()),
    [type, upstream?.name, ...words].filter(Boolean).join(', '),
  );
  at('events').prepend(line);
  at('quiet').hidden = true;
  while (at('events').childElementCount > MAX_EVENTS) at('events').lastElementChild.remove();
  // What has changed is seen at once.
  refresh();
}

const events = new EventSource('events');
for (const type of EVENT_TYPES) events.addEventListener(type, note);
refreshAgainAndAgain();
