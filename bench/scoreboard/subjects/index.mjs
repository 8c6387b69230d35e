import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startProgram, stopProgram, untilAnswers } from '../../lib/programs.mjs';
import { QUESTION } from '../../lib/question.mjs';
import { daemons } from './daemon.mjs';
import { haproxies } from './haproxy.mjs';
import { nginxes } from './nginx.mjs';

/**
 * What can be measured here, by name; the daemon first. about: how it is configured; version(); weight: the part
 * of a scenario's share that it needs; launch(place), with the port, upstreamPorts and a folder of its own ->
 * command, args, env; stopSignal: ends it in good order.
 */
export const subjects = { ...daemons, ...nginxes, ...haproxies };

/** Programs that would take part if they were installed. */
export const missing = [...(nginxes ? [] : ['nginx']), ...(haproxies ? [] : ['haproxy'])];

/** A balancer that runs, and can be started again in its place. */
export class Balancer {
  #subject;
  #place;
  #program;

  constructor(subject, place) {
    this.#subject = subject;
    this.#place = place;
  }

  /** Starts the subject (a value of `subjects`) in front of these ports. Resolves once it answers. */
  static async start(subject, { upstreamPorts, folder }) {
    const balancer = new Balancer(subject, { upstreamPorts, folder, port: await freePort() });
    balancer.#launch();
    await untilAnswers(balancer.#program, balancer.port, QUESTION);
    return balancer;
  }

  get port() {
    return this.#place.port;
  }

  /** Ends it in good order, and starts it again as soon as it has ended. */
  async restart() {
    await this.stop();
    this.#launch();
  }

  stop() {
    return stopProgram(this.#program, this.#subject.stopSignal);
  }

  #launch() {
    const { folder } = this.#place;
    // A file rather than nothing: to write the log is a part of the work.
    const [stdout, stderr] = ['out', 'err'].map((kind) => openSync(join(folder, `${kind}.log`), 'a'));
    this.#program = startProgram('balancer', { ...this.#subject.launch(this.#place), stdout, stderr });
    closeSync(stdout);
    closeSync(stderr);
  }
}
