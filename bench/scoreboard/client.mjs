import { connect } from 'node:net';
import { monotonicMs } from './clock.mjs';
import { MessageReader, requestBytes } from './http1.mjs';

const HOST = '127.0.0.1';

/** One connection, which carries one request at a time. */
class Connection {
  #socket;
  #reader = new MessageReader();
  #client;
  #waiting;
  #why = 'closed';

  constructor(client, options) {
    this.#client = client;
    this.#socket = connect(options);
    this.#socket.on('data', (chunk) => this.#received(chunk));
    this.#socket.on('error', ({ code, message }) => {
      this.#why = code ?? message;
    });
    this.#socket.once('close', () => this.#closed());
  }

  ask(bytes, waiting) {
    this.#waiting = waiting;
    this.#socket.write(bytes);
  }

  /** Gives up what has waited since before that moment. */
  giveUpBefore(moment) {
    if (this.#waiting === undefined || this.#waiting.sinceMs > moment) return;
    this.#why = 'nothing in time';
    this.#socket.destroy();
  }

  close() {
    this.#socket.destroy();
  }

  #received(chunk) {
    const message = this.#reader.take(chunk);
    if (message === undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (/\r\nconnection: *close/i.test(message.head)) this.#socket.destroy();
    else this.#client.free(this);
    waiting?.resolve({ status: Number(message.head.slice(9, 12)), text: message.body });
  }

  #closed() {
    this.#client.forget(this);
    this.#waiting?.resolve({ broken: this.#why });
    this.#waiting = undefined;
  }
}

/** One client, with as many connections as it has requests under way; those that are free are kept and used again. */
export class Client {
  #options;
  #all = new Set();
  #free = [];

  /** `address`: where it connects from; undefined for anywhere. */
  constructor(port, address) {
    this.#options = { host: HOST, port, noDelay: true, localAddress: address };
  }

  /** Resolves to { status, text }, or to { broken } with the reason when no answer came. */
  ask(body) {
    const connection = this.#free.pop() ?? this.#open();
    return new Promise((resolve) => {
      connection.ask(requestBytes(this.#options.port, body), { resolve, sinceMs: monotonicMs() });
    });
  }

  giveUpBefore(moment) {
    for (const connection of this.#all) connection.giveUpBefore(moment);
  }

  close() {
    for (const connection of this.#all) connection.close();
  }

  free(connection) {
    this.#free.push(connection);
  }

  forget(connection) {
    this.#all.delete(connection);
    const place = this.#free.indexOf(connection);
    if (place >= 0) this.#free.splice(place, 1);
  }

  #open() {
    const connection = new Connection(this, this.#options);
    this.#all.add(connection);
    return connection;
  }
}
