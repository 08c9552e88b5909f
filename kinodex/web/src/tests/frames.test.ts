import { describe, expect, it } from "vitest";
import { boxesAt } from "../components/player/boxes";
import { FrameIndex, frameAt, merged } from "../components/player/frames";
import { cellAt } from "../components/player/sprites";
import { folded, lineAt, partsOf } from "../pages/video/lines.svelte";

/** Frames of a video with an uneven rate, and a server of them that counts its requests. */
const STARTS = [0, 0.04, 0.1, 0.12, 0.3, 0.5, 4.9, 5.0, 9.0, 9.04, 9.08, 15.0];
const END = 15.2;
const MIDDLES = STARTS.map((start, i) => (start + (STARTS[i + 1] ?? END)) / 2);

function served(): { index: FrameIndex; asked: [number, number][] } {
  const asked: [number, number][] = [];
  const index = new FrameIndex(async (start, end) => {
    asked.push([start, end]);
    return { times: MIDDLES.filter((_, i) => (STARTS[i] as number) < end && ((STARTS[i + 1] as number) ?? END) > start), exact: true };
  });
  return { index, asked };
}

describe("frames", () => {
  it("are known by the time at which they are presented", () => {
    STARTS.forEach((start, i) => {
      expect(frameAt(MIDDLES, start)).toBe(i);
      // Players round to microseconds.
      expect(frameAt(MIDDLES, Math.round(start * 1e6) / 1e6)).toBe(i);
    });
    expect(frameAt(MIDDLES, 99)).toBe(STARTS.length - 1);
  });

  it("are stepped through one by one, there and back", async () => {
    const { index } = served();
    for (let i = 0; i + 1 < STARTS.length; i++) {
      expect(await index.away(STARTS[i] as number, 1)).toBeCloseTo(MIDDLES[i + 1] as number);
      expect(await index.away(STARTS[i + 1] as number, -1)).toBeCloseTo(MIDDLES[i] as number);
    }
  });

  it("end at both ends", async () => {
    const { index } = served();
    expect(await index.away(0, -1)).toBeCloseTo(MIDDLES[0] as number);
    expect(await index.away(15.0, 1)).toBeCloseTo(MIDDLES.at(-1) as number);
  });

  it("are read once for each part", async () => {
    const { index, asked } = served();
    await index.away(0.1, 1);
    await index.away(0.12, 1);
    await index.away(0.3, -2);
    expect(asked).toHaveLength(1);
  });

  it("are confirmed by what is presented", async () => {
    const { index } = served();
    const middle = (await index.away(0.1, 0)) as number;
    expect(index.isShown(0.1, middle)).toBe(true);
    expect(index.isShown(0.12, middle)).toBe(false);
  });

  it("merge without doubles", () => {
    expect(merged([1, 2, 3], [2, 3 + 1e-9, 4])).toEqual([1, 2, 3, 4]);
  });
});

describe("boxes", () => {
  const tracklet = { evidence_id: "e", name: "dog", start: 1, end: 3, boxes: [[1, 0, 0, 0.5, 0.5], [2, 0.5, 0, 0.5, 0.5]] as [number, number, number, number, number][] };

  it("lie between what was seen", () => {
    expect(boxesAt([tracklet], 1.5)).toEqual([{ evidence_id: "e", name: "dog", x: 0.25, y: 0, width: 0.5, height: 0.5 }]);
    expect(boxesAt([tracklet], 2.9)[0]?.x).toBe(0.5);
  });

  it("are there only while something is followed", () => {
    expect(boxesAt([tracklet], 0.99)).toEqual([]);
    expect(boxesAt([tracklet], 3.01)).toEqual([]);
  });
});

describe("sprites", () => {
  const times = Array.from({ length: 105 }, (_, i) => i * 2);
  const sprites = { tiles: 105, columns: 10, per_sheet: 100, width: 160, height: 90, step: 2, times, urls: ["0.jpg", "1.jpg"] };

  it("show the last picture that is not after a time", () => {
    expect(cellAt(sprites, 0)).toMatchObject({ url: "0.jpg", column: 0, row: 0, columns: 10, rows: 10 });
    expect(cellAt(sprites, 3.9)).toMatchObject({ column: 1, row: 0 });
    expect(cellAt(sprites, 24)).toMatchObject({ column: 2, row: 1 });
  });

  it("know that the last sheet is smaller", () => {
    expect(cellAt(sprites, 204)).toMatchObject({ url: "1.jpg", column: 2, row: 0, columns: 5, rows: 1 });
    expect(cellAt(sprites, 9999)).toMatchObject({ url: "1.jpg", column: 4 });
    expect(cellAt({ ...sprites, tiles: 0 }, 1)).toBeNull();
  });
});

describe("lines", () => {
  const lines = [{ start: 1 }, { start: 2 }, { start: 2 }, { start: 5 }];

  it("are found by time", () => {
    expect(lineAt(lines, 0)).toBe(-1);
    expect(lineAt(lines, 1)).toBe(0);
    expect(lineAt(lines, 4)).toBe(2);
    expect(lineAt(lines, 99)).toBe(3);
    expect(lineAt([], 1)).toBe(-1);
  });

  it("mark what was looked for, and keep every letter", () => {
    const parts = partsOf("Red car, red CAR", "red");
    expect(parts.filter((part) => part.hit).map((part) => part.text)).toEqual(["Red", "red"]);
    expect(parts.map((part) => part.text).join("")).toBe("Red car, red CAR");
    expect(partsOf("城市的汽车", "汽车").map((part) => part.text)).toEqual(["城市的", "汽车"]);
    expect(partsOf("<img src=x onerror=alert(1)>", "img").map((part) => part.text).join("")).toBe("<img src=x onerror=alert(1)>");
    expect(partsOf("abc", "")).toEqual([{ text: "abc", hit: false }]);
    expect(folded("ABC")).toBe("abc");
  });
});
