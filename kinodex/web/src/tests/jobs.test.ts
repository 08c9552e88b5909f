import { beforeAll, describe, expect, it } from "vitest";
import { i18n } from "../i18n/i18n.svelte";
import { changeBy } from "../pages/jobs/jobs.svelte";
import { counts, duration, toneOf } from "../pages/jobs/words";

beforeAll(() => {
  i18n.locale = "en";
});

describe("jobs", () => {
  it("change by their events", () => {
    expect(changeBy("progress", '{"share":0.5,"note":"a.mp4: scenes","totals":{"videos":2,"done":1}}')).toEqual({ state: "running", share: 0.5, note: "a.mp4: scenes", totals: { videos: 2, done: 1 } });
    expect(changeBy("waiting", '{"why":"the disk is full"}')).toEqual({ note: "the disk is full" });
    expect(changeBy("video", '{"name":"a.mp4"}')).toBeNull();
    expect(changeBy("progress", "{")).toBeNull();
  });

  it("do not count as done what was known before", () => {
    expect(counts({ inputs: 3, done: 2, reused: 1, failed: 1, wall_seconds: 4 }).map((one) => one.text)).toEqual(["1 done", "1 known already", "1 failed"]);
    expect(counts({})).toEqual([]);
  });

  it("ended not well where something failed on the way", () => {
    expect([toneOf("done", { done: 2 }), toneOf("done", { done: 1, failed: 1 }), toneOf("failed")]).toEqual(["good", "warn", "bad"]);
  });

  it("take times that are easy to read", () => {
    expect([8.1, 100, 5400, 40_000].map((seconds) => duration(seconds).replace(/s$|s(?= )/g, ""))).toEqual(["8 sec", "2 min", "1 hr 30 min", "11 hr"]);
  });
});
