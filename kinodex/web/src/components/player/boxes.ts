/** Where followed things are at the time of a frame. */

import type { Box, Tracklet } from "../../api/types";

export interface ShownBox {
  evidence_id: string;
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The boxes at a time: between two that were seen, in proportion; none before the first and after the last one. */
export function boxesAt(tracklets: readonly Tracklet[], time: number): ShownBox[] {
  const shown: ShownBox[] = [];
  for (const tracklet of tracklets) {
    if (time < tracklet.start || time > tracklet.end) continue;
    const box = boxAt(tracklet.boxes, time);
    if (box) shown.push({ evidence_id: tracklet.evidence_id, name: tracklet.name, x: box[0], y: box[1], width: box[2], height: box[3] });
  }
  return shown;
}

function boxAt(boxes: readonly Box[], time: number): [number, number, number, number] | null {
  let before: Box | null = null;
  for (const box of boxes) {
    if (box[0] >= time) {
      if (!before) return [box[1], box[2], box[3], box[4]];
      const part = (time - before[0]) / (box[0] - before[0]);
      const between = (i: 1 | 2 | 3 | 4): number => (before as Box)[i] + ((box[i] as number) - (before as Box)[i]) * part;
      return [between(1), between(2), between(3), between(4)];
    }
    before = box;
  }
  return before ? [before[1], before[2], before[3], before[4]] : null;
}
