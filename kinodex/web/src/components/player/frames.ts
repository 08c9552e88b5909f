/**
 * Which frame is shown, and which comes before or after it. A frame is known by the middle of the time for which it is
 * shown: to seek there shows this frame and no other, whatever the frame rate does.
 */

import type { FrameTimes } from "../../api/types";

/** Seconds to either side that are read at once. */
const REACH = 4;
/** The presented time of a frame is its start; players round it to microseconds. */
const ROUNDING = 2e-6;

/** The place of the frame that is presented as `mediaTime` (its start) among sorted middles; -1 before all of them. */
export function frameAt(middles: readonly number[], mediaTime: number): number {
  let low = 0;
  let high = middles.length;
  while (low < high) {
    const half = (low + high) >> 1;
    if ((middles[half] as number) > mediaTime + ROUNDING) high = half;
    else low = half + 1;
  }
  return low < middles.length ? low : middles.length - 1;
}

/** Sorted lists as one, without what both have. */
export function merged(one: readonly number[], other: readonly number[]): number[] {
  const all = [...one, ...other].sort((a, b) => a - b);
  return all.filter((time, i) => i === 0 || time - (all[i - 1] as number) > 1e-6);
}

export class FrameIndex {
  #middles: number[] = [];
  #read: [number, number][] = [];

  constructor(private readonly load: (start: number, end: number) => Promise<FrameTimes>) {}

  /** The middle of the frame `steps` away from the one presented as `mediaTime`; the outermost one at the ends. */
  async away(mediaTime: number, steps: number): Promise<number | null> {
    await this.#around(mediaTime);
    let place = frameAt(this.#middles, mediaTime) + steps;
    if (place < 0 || place >= this.#middles.length) {
      // Only if it is the end of what was read, not of the video, there is more to read.
      const edge = place < 0 ? (this.#middles[0] ?? 0) : (this.#middles.at(-1) ?? mediaTime);
      await this.#around(edge + Math.sign(steps) * REACH);
      place = frameAt(this.#middles, mediaTime) + steps;
    }
    return this.#middles[Math.max(0, Math.min(this.#middles.length - 1, place))] ?? null;
  }

  /** Whether a presented time is that of the frame with this middle. */
  isShown(mediaTime: number, middle: number): boolean {
    return this.#middles[frameAt(this.#middles, mediaTime)] === middle;
  }

  async #around(time: number): Promise<void> {
    const start = Math.max(0, time - REACH);
    const end = Math.max(0, time) + REACH;
    // A margin within what was read, so that the next frame is always known.
    if (this.#read.some(([from, to]) => from <= Math.max(0, time - 1) && to >= time + 1)) return;
    const found = await this.load(start, end);
    this.#middles = merged(this.#middles, found.times);
    this.#read.push([start, end]);
  }
}
