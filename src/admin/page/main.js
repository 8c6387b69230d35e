/** Starts the page: reads what the document brought along, shows it, and keeps it up to date. */

import { Actions } from './actions.js';
import { Charts } from './charts.js';
import { Console } from './console.js';
import { Confirmation } from './dialog.js';
import { byId, setAttribute, setShown, setText } from './dom.js';
import { Events } from './events.js';
import { counted, time } from './format.js';
import { cost, headline } from './headline.js';
import { Live } from './live.js';
import { Outages } from './outages.js';
import { statesOf } from './pool-states.js';
import { Store } from './store.js';
import { Upstreams } from './upstreams.js';

const store = new Store(JSON.parse(byId('initial').textContent ?? ''));
const outages = new Outages();
const actions = new Actions(new Confirmation(), store);
const views = [
  new Charts(byId('charts'), store),
  new Upstreams(byId('upstreams'), { store, actions }),
  new Events(byId('events'), store),
  new Console(byId('console'), store),
];

const CHANGES = '.section-head button, .strategy, .actions button:not(.more)';

function renderState() {
  const { about, lostAtMs, lostBecause, nowMs, toS } = store;
  const isLost = lostAtMs !== undefined;
  const { level, sentence } = headline(store, outages);
  const bill = cost(store);
  setText(byId('sentence'), isLost ? `As of then: ${sentence}` : sentence);
  setText(byId('cost'), bill.sentence);
  setAttribute(byId('cost'), 'data-level', bill.level);
  setAttribute(byId('state'), 'data-level', isLost ? 'idle' : level);
  setText(byId('host'), [about.host, about.env].filter(Boolean).join(', '));
  setText(byId('version'), about.version);
  const title = `${isLost ? 'not connected' : briefly()} · ${about.host} · rpc-load-balancer`;
  if (document.title !== title) document.title = title;
  const since = isLost ? `Not connected since ${time(lostAtMs, Date.now())}` : '';
  const why = lostBecause === '' ? 'what is shown is old, trying again' : lostBecause;
  setText(byId('lost'), isLost ? `${since}: ${why}.` : '');
  setShown(byId('lost'), isLost);
  setText(byId('connection'), isLost ? 'not connected' : 'live');
  setAttribute(byId('connection'), 'data-level', isLost ? 'bad' : 'good');
  const waiting = store.waiting > 0 ? `, ${counted(store.waiting, 'request')} waiting` : '';
  setText(
    byId('in-flight'),
    `${counted(store.inFlight, 'request')} in flight${waiting} at ${time(toS * 1_000, nowMs)}`,
  );
  setShown(byId('test-alert'), about.notifiers.length > 0);
}

/** For the title. */
function briefly() {
  const pools = statesOf(store);
  const out = pools.reduce((total, pool) => total + pool.out.length, 0);
  const isFailing = pools.some(({ isDead, errors }) => isDead || errors);
  const upstreams = out > 0 ? `${out} of ${store.rows.length} out` : `${store.rows.length} upstreams`;
  return isFailing ? `clients get errors · ${upstreams}` : upstreams;
}

/** Nothing can be changed without a connection. */
function renderChanges() {
  const isLost = store.lostAtMs !== undefined;
  if (!isLost && !document.body.classList.contains('lost')) return;
  document.body.classList.toggle('lost', isLost);
  for (const button of document.querySelectorAll(CHANGES)) setAttribute(button, 'disabled', isLost);
}

function render() {
  if (document.hidden) return;
  renderState();
  for (const view of views) view.update();
  renderChanges();
}

let renderedAtMs = 0;
let isAsked = false;
function askToRender() {
  if (isAsked || document.hidden) return;
  isAsked = true;
  requestAnimationFrame(() => {
    isAsked = false;
    renderedAtMs = performance.now();
    render();
  });
}

/** Where there is little room the upstreams come first. The elements move, so that the keyboard takes the same way. */
const narrow = matchMedia('(max-width: 40rem)');
function order() {
  if (narrow.matches) byId('upstreams').after(byId('charts'));
  else byId('upstreams').before(byId('charts'));
}
order();
narrow.addEventListener('change', order);

byId('add').addEventListener('click', () => actions.add(store.about.pools[0]?.pool ?? ''));
byId('reload').addEventListener('click', () => actions.reload());
byId('test-alert').addEventListener('click', () => actions.testAlert());
byId('page').hidden = false;
render();
store.listen(askToRender);
// Times that run down go on where no message comes.
setInterval(() => {
  if (performance.now() - renderedAtMs > 900) askToRender();
}, 1_000);
document.addEventListener('visibilitychange', askToRender);
new Live(store);
