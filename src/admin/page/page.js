/** The script of the live page: shows what /events?live tells. Text is inserted as text only. */

const MAX_EVENTS = 100;

const byId = (id) => document.getElementById(id);
/** Attempts and their time at the last refresh, by upstream. */
let previous = new Map();

function element(tag, text, className = '') {
  const created = document.createElement(tag);
  created.textContent = text;
  created.className = className;
  return created;
}

function showProblem(problem) {
  byId('problem').textContent = problem;
  byId('problem').hidden = problem === '';
}

/** Attempts per second since the last refresh; empty at the first one. */
function rateOf({ name, requests }, nowMs) {
  const last = previous.get(name);
  if (!last || requests < last.requests) return '';
  return ((requests - last.requests) / ((nowMs - last.ms) / 1_000)).toFixed(1);
}

function stateOf({ state, reason, until, lagging, slow }) {
  const cell = element('td', state, state);
  const seconds = until === null ? 0 : Math.max(0, Math.round((Date.parse(until) - Date.now()) / 1_000));
  const rest = until === null ? '' : `${seconds} s more`;
  const notes = [reason, rest, lagging ? 'lagging' : '', slow ? 'slow' : ''].filter(Boolean);
  if (notes.length > 0) cell.append(element('span', notes.join(', '), 'aside'));
  return cell;
}

async function change(path, method, body) {
  try {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(path, { method, headers, body: JSON.stringify(body) });
    if (response.ok) return refresh();
    const { title, detail } = await response.json();
    showProblem(detail ?? title);
  } catch {
    showProblem('The change did not get through.');
  }
}

function button(text, onClick) {
  const created = element('button', text);
  created.type = 'button';
  created.addEventListener('click', onClick);
  return created;
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
  name.append(
    element('span', [upstream.pool, upstream.tier, upstream.url].filter(Boolean).join(', '), 'aside'),
  );
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

function showUpstreams(upstreams) {
  const nowMs = performance.now();
  byId('upstreams').replaceChildren(...upstreams.map((upstream) => rowOf(upstream, nowMs)));
  previous = new Map(upstreams.map(({ name, requests }) => [name, { requests, ms: nowMs }]));
  const usable = upstreams.filter(({ state }) => state === 'usable').length;
  byId('summary').textContent = `${usable} of ${upstreams.length} upstreams usable`;
}

async function refresh() {
  try {
    const response = await fetch('stats', { cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    showUpstreams(await response.json());
    showProblem('');
  } catch {
    showProblem('The load balancer does not answer. What is shown may be old.');
  }
}

function showEvent({ time, text }) {
  const line = element('li', '');
  line.append(element('time', new Date(time).toLocaleTimeString()), text);
  byId('events').prepend(line);
  byId('quiet').hidden = true;
  while (byId('events').childElementCount > MAX_EVENTS) byId('events').lastElementChild.remove();
}

const { stats, history } = JSON.parse(byId('initial').textContent);
showUpstreams(stats);
for (const event of history.events) showEvent(event);
const live = new EventSource('events?live');
live.addEventListener('update', ({ data }) => {
  const { events, figures } = JSON.parse(data);
  for (const event of events) showEvent(event);
  if (figures) showUpstreams(figures.stats);
  showProblem('');
});
live.addEventListener('error', () => {
  showProblem('The load balancer does not answer. What is shown may be old.');
});
