/** Milliseconds of a clock that never goes back, and that all processes of this machine share. */
export function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Waits until that moment of the clock. */
export async function sleepUntil(moment) {
  for (let left = moment - monotonicMs(); left > 0; left = moment - monotonicMs()) {
    await new Promise((resolve) => setTimeout(resolve, Math.ceil(left)));
  }
}
