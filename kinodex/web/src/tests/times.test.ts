import { describe, expect, it } from "vitest";
import { addressTime, clock, parseTime } from "../lib/time";
import { moved, tickStep, within, zoomed } from "../pages/video/scale";

describe("times", () => {
  it("are read as clocks", () => {
    expect(clock(0)).toBe("0:00");
    expect(clock(59.999)).toBe("0:59");
    expect(clock(75.5)).toBe("1:15");
    expect(clock(3600)).toBe("1:00:00");
    expect(clock(12.345, 2)).toBe("0:12.34");
    expect(clock(0.29, 2)).toBe("0:00.29");
    expect(clock(-1)).toBe("0:00");
  });

  it("come out of addresses, however they are written", () => {
    expect(parseTime("12.5")).toBe(12.5);
    expect(parseTime("1:02")).toBe(62);
    expect(parseTime("1:00:02.5")).toBe(3602.5);
    expect(parseTime("1m2s")).toBe(62);
    expect(parseTime("1h")).toBe(3600);
    for (const wrong of [null, "", "-1", "soon", "1e3", "NaN"]) expect(parseTime(wrong)).toBeNull();
  });

  it("go into addresses short", () => {
    expect(addressTime(12.5)).toBe("12.5");
    expect(addressTime(1 / 3)).toBe("0.333");
    expect(parseTime(addressTime(4.0375))).toBeCloseTo(4.0375, 3);
  });
});

describe("the timeline", () => {
  it("zooms about a time, which stays where it is", () => {
    const window = zoomed({ start: 0, end: 100 }, 100, 0.5, 25);
    expect(window).toEqual({ start: 12.5, end: 62.5 });
    expect((25 - window.start) / 50).toBeCloseTo(0.25);
  });

  it("never leaves the video", () => {
    expect(zoomed({ start: 40, end: 60 }, 100, 100, 50)).toEqual({ start: 0, end: 100 });
    expect(moved({ start: 40, end: 60 }, 100, 900)).toEqual({ start: 80, end: 100 });
    expect(within({ start: -5, end: 5 }, 100)).toEqual({ start: 0, end: 10 });
    const tiny = zoomed({ start: 0, end: 1 }, 1, 0.1, 0.5);
    expect(tiny).toEqual({ start: 0, end: 1 });
  });

  it("has marks that do not touch", () => {
    for (const end of [1, 7, 60, 600, 7200, 90_000]) {
      const step = tickStep({ start: 0, end }, 800);
      expect((step / end) * 800).toBeGreaterThanOrEqual(78);
    }
  });
});
