/** Starts the page: reads what the document brought along, shows it, and keeps it up to date. */

import { Actions } from './actions.js';
import { Charts } from './charts.js';
import { Console } from './console.js';
import { Confirmation } from './dialog.js';
import { byId, setAttribute, setShown, setText } from './dom.js';
import { Events } from './events.js';
import { counted, time } from './format.js';
import { cost, headline, statesOf } from './headline.js';
import { Live } from './live.js';
import { Store } from './store.js';
import { Upstreams } from './upstreams.js';

const store = new Store(JSON.parse(byId('initial').textContent ?? ''));
const actions = new Actions(new Confirmation(), store);
const views = [
  new Charts(byId('charts'), store),
  new Upstreams(byId('upstreams'), { store, actions }),
  new Events(byId('events'), store),
  new Console(byId('console'), store),
];

function renderState() {
  const { about, lostAtMs, lostBecause, nowMs, toS } = store;
  const { level, sentence } = headline(store);
  const bill = cost(store);
  setText(byId('sentence'), sentence);
  setText(byId('cost'), bill.sentence);
  setAttribute(byId('cost'), 'data-level', bill.level);
  setAttribute(byId('state'), 'data-level', level);
  setText(byId('host'), [about.host, about.env].filter(Boolean).join(', '));
  setText(byId('version'), about.version);
  const usable = statesOf(store).reduce((total, pool) => total + pool.usable.length, 0);
  const title = `${usable}/${store.rows.length} usable, ${about.host}`;
  if (document.title !== title) document.title = title;
  const isLost = lostAtMs !== undefined;
  const since = isLost ? `Not connected since ${time(lostAtMs, Date.now())}` : '';
  const why = lostBecause === '' ? 'what is shown is of that time; trying again' : lostBecause;
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

function render() {
  if (document.hidden) return;
  document.body.classList.toggle('lost', store.lostAtMs !== undefined);
  renderState();
  for (const view of views) view.update();
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
