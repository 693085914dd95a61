/** silence is how long an answer may be late before the twin counts as lost, in milliseconds: three rounds. */
const silence = 12_000;
/** silenceLive is the same beside a stream of events, whose end is noticed by itself. */
const silenceLive = 90_000;

/** isLost decides from the failures since the last answer, and from when one was due. */
export function isLost(failures: number, asking: number, now: number, live = false): boolean {
  return failures > 0 || now - asking > (live ? silenceLive : silence);
}
