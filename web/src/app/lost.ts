/** silence is how long an answer may be late before the twin counts as lost, in milliseconds: three rounds. */
const silence = 12_000;

/** isLost decides from the failures since the last answer, and from when one was due. */
export function isLost(failures: number, asking: number, now: number): boolean {
  return failures > 0 || now - asking > silence;
}
