/** The types of what the admin port answers, for those who check them; there is nothing to run here. */

/**
 * A row of `/stats`.
 * @typedef {object} Row
 * @property {string} [pool] where there are several
 * @property {string} name unique over all pools
 * @property {string} url scheme, host and port
 * @property {'primary' | 'fallback'} tier
 * @property {'usable' | 'quarantined' | 'down' | 'draining'} state
 * @property {string | null} reason
 * @property {string | null} until an ISO date
 * @property {string} uptime `00h:05m:23s`
 * @property {number} connections
 * @property {number} requests
 * @property {number} failures
 * @property {Record<string, number>} failures_by_reason
 * @property {number} weight
 * @property {string | null} chain_id
 * @property {number | null} block_height
 * @property {boolean} lagging
 * @property {{ rps: number, source: 'learnt' | 'rps' | 'headers', used: number, waiting: number } | null} budget
 * @property {{ logs_range: number | null, batch: number | null }} limits
 * @property {boolean} slow
 * @property {string | null} memory_usage
 * @property {{ p50: number | null, p95: number | null, p99: number | null }} latency_ms
 */

/**
 * @typedef {object} PageEvent
 * @property {number} id the same each time that a repeated event is told
 * @property {string} time an ISO date: when it happened last
 * @property {string} since an ISO date: when it happened first
 * @property {number} count how often it happened
 * @property {string} type
 * @property {string} text a plain sentence without its end stop
 * @property {string} [pool]
 * @property {string} [upstream] its name
 * @property {'good' | 'bad' | 'info'} level
 * @property {'brief' | 'long' | 'over'} [out] whether the upstream is left out by it, or no longer
 */

/**
 * @typedef {object} About
 * @property {string} version
 * @property {string | null} env
 * @property {string} host
 * @property {string[]} notifiers
 * @property {string[]} strategies
 * @property {{ pool: string, strategy: string, path: string }[]} pools
 * @property {string} now an ISO date
 */

/** @typedef {(number | null)[]} Numbers */

/**
 * The answer of `/history`. Arrays are as long as there are slots, or empty.
 * @typedef {object} History
 * @property {string} now
 * @property {string} to the end of the last slot
 * @property {number} step_ms
 * @property {number} slots
 * @property {{ pool: string, requests: Numbers, good: Numbers, p50_ms: Numbers, p99_ms: Numbers }[]} pools
 * @property {{ pool: string, name: string, attempts: Numbers, failures: Numbers, p50_ms: Numbers }[]} upstreams
 * @property {PageEvent[]} events oldest first
 */

/** @typedef {{ pool: string, requests: number, good: number, p50_ms: number | null, p99_ms: number | null, in_flight: number, waiting: number }} PoolFigures */
/** @typedef {{ pool: string, name: string, attempts: number, failures: number, p50_ms: number | null }} UpstreamFigures */

/**
 * The last whole second.
 * @typedef {object} Figures
 * @property {string} to
 * @property {PoolFigures[]} pools
 * @property {UpstreamFigures[]} upstreams
 * @property {Row[]} stats
 */

/**
 * A message of `/events?live`.
 * @typedef {object} Update
 * @property {string} time
 * @property {PageEvent[]} events
 * @property {Figures} [figures]
 * @property {About} [about]
 */

/** @typedef {{ stats: Row[], history: History, about: About }} Initial */

/**
 * The answer of `/call`.
 * @typedef {object} CallAnswer
 * @property {number | null} status null when no answer came
 * @property {number} ms
 * @property {string | null} answered_by
 * @property {{ upstream: string, result: string, ms: number }[]} attempts
 * @property {string | null} request_id
 * @property {unknown} [answer]
 * @property {string} [text]
 * @property {boolean} cut
 * @property {string | null} problem
 */

export {};
