/** Examines upstreams one by one: what each offers beyond being up. */

import type { Upstream } from '../../upstreams/upstream.ts';
import { archive } from './examinations/archive.ts';
import { batchSize } from './examinations/batch.ts';
import { blockHash } from './examinations/block-hash.ts';
import { clientVersion } from './examinations/client-version.ts';
import { type Identity, identify, identifyByGet } from './examinations/identify.ts';
import { logsRange } from './examinations/logs-range.ts';
import { webSocket } from './examinations/web-socket.ts';
import { notTried } from './finding.ts';
import type { Examined, Probed } from './found.ts';
import { Inquiry, type InquiryMeans } from './inquiry.ts';

/** One upstream on its way through the examinations. */
export class Examination {
  readonly upstream: Upstream;
  readonly #probe: string;
  readonly #probed: Probed;
  readonly #inquiry: Inquiry;
  #identity: Identity;
  #offers: Pick<Examined, keyof typeof NOTHING>;

  constructor(
    probed: Probed,
    pool: { readonly probe: string; readonly timeoutMs: number },
    means: InquiryMeans,
  ) {
    const { upstream } = probed;
    this.upstream = upstream;
    this.#probe = pool.probe;
    this.#probed = probed;
    this.#inquiry = new Inquiry(upstream, pool.timeoutMs, means);
    this.#identity = { server: { kind: 'not-tried', why: probed.problem ?? 'not tried' } };
    this.#offers = offersNotTried(probed.problem ?? 'not tried');
  }

  get blockHeight(): number | undefined {
    return this.#identity.blockHeight;
  }

  get chainId(): string | undefined {
    return this.#identity.chainId;
  }

  /** First what it is. One that has no connection or is on the wrong chain, as the probe has found, is asked nothing. */
  async identify(): Promise<void> {
    const { upstream, isUp, isLimited } = this.#probed;
    const { chainId, blockHeight } = upstream;
    if (isLimited) {
      this.#identity = { chainId, server: { kind: 'refuses', why: 'rate-limited' } };
      this.#inquiry.stop('rate-limited');
    } else if (!isUp && (this.#probe === 'tcp' || chainId !== undefined))
      this.#identity = { ...this.#identity, chainId, blockHeight };
    else if (this.#probe === 'http') this.#identity = await identifyByGet(this.#inquiry);
    else this.#identity = await identify(this.#inquiry, { chainId, blockHeight });
  }

  /** Then what it offers, the heaviest last. `block` is the one whose hash is compared. */
  async explore(block: number | undefined): Promise<void> {
    const inquiry = this.#inquiry;
    const { server, blockHeight } = this.#identity;
    if (!this.#probed.isUp) return;
    this.#offers = offersNotTried(
      inquiry.stopped ?? `no ${server.kind === 'http' ? 'JSON-RPC' : 'Ethereum'}`,
    );
    const isEthereum = server.kind === 'ethereum';
    if (isEthereum) {
      this.#offers = {
        ...this.#offers,
        clientVersion: await clientVersion(inquiry),
        blockHash: await blockHash(inquiry, this.#isNear(block) ? block : undefined),
        archive: await archive(inquiry, blockHeight),
        logsRange: await logsRange(inquiry, blockHeight),
      };
    }
    this.#offers = { ...this.#offers, webSocket: await webSocket(inquiry) };
    if (isEthereum || server.kind === 'json-rpc')
      this.#offers = { ...this.#offers, batch: await batchSize(inquiry) };
  }

  get result(): Examined {
    const inquiry = this.#inquiry;
    const { connectMs, latencyMs, tlsDaysLeft, clockAheadMs, questions, isCutShort } = inquiry;
    const { server, chainId, blockHeight } = this.#identity;
    const measured = { connectMs, latencyMs, tlsDaysLeft, clockAheadMs, questions, isCutShort };
    return { server, chainId, blockHeight, ...measured, ...this.#offers };
  }

  /** One that is still catching up can't have the block. */
  #isNear(block: number | undefined): boolean {
    return block !== undefined && block <= (this.#identity.blockHeight ?? -1);
  }
}

const NOTHING = offersNotTried('');

function offersNotTried(why: string) {
  const finding = notTried<never>(why);
  return {
    clientVersion: finding,
    blockHash: finding,
    archive: finding,
    logsRange: finding,
    batch: finding,
    webSocket: finding,
  };
}
