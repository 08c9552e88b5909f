import { describe, expect, it } from "vitest";
import type { ReviewItem, Verdict } from "../pages/review/api";
import { ReviewQueue, thresholdOf, type Source } from "../pages/review/queue.svelte";

const item = (n: number): ReviewItem => ({ video_id: `vid_${n}`, name: `${n}.mp4`, tag_id: "t1", tag: "dog", shown: "狗", state: "abstained", score: 0.5, uncertainty: n / 100, shared: 1, reasons: ["near_threshold"], evidence: [], thumbnail: null });

function source(failing = false): Source & { said: string[] } {
  const said: string[] = [];
  return {
    said,
    page: () => Promise.resolve({ items: [1, 2, 3, 4].map(item), left: 4, next: null }),
    decide: (items: readonly ReviewItem[], verdict: Verdict) => {
      said.push(`${verdict} ${items.map((one) => one.video_id).join()}`);
      return failing ? Promise.reject(new Error("no")) : Promise.resolve({ undo: `undo${said.length}` });
    },
    undo: (undo: string) => {
      said.push(undo);
      return Promise.resolve({});
    },
  };
}

const ids = (queue: ReviewQueue): string => queue.items.map((one) => one.video_id.slice(4)).join("");

describe("the queue of reviews", () => {
  it("goes on with the next after a decision, and back with an undo", async () => {
    const from = source();
    const queue = new ReviewQueue(null, from);
    await queue.load();
    queue.go(1);
    await queue.decide("accepted");
    expect([ids(queue), queue.item?.video_id, queue.left]).toEqual(["134", "vid_3", 3]);
    await queue.decide("rejected");
    expect([ids(queue), queue.item?.video_id]).toEqual(["14", "vid_4"]);
    await queue.undo();
    expect([ids(queue), queue.item?.video_id]).toEqual(["134", "vid_3"]);
    await queue.undo();
    expect([ids(queue), queue.item?.video_id, queue.left]).toEqual(["1234", "vid_2", 4]);
    expect(await queue.undo()).toBeNull();
    expect(from.said).toEqual(["accepted vid_2", "rejected vid_3", "undo2", "undo1"]);
  });

  it("decides about all that are selected at once", async () => {
    const from = source();
    const queue = new ReviewQueue(null, from);
    await queue.load();
    for (const place of [0, 2]) queue.toggle(queue.items[place] as ReviewItem);
    await queue.decide("unsure");
    expect([ids(queue), queue.selected.size]).toEqual(["24", 0]);
    await queue.undo();
    expect(ids(queue)).toBe("1234");
    queue.selectAll(true);
    await queue.decide("accepted");
    expect([ids(queue), queue.item]).toEqual(["", null]);
  });

  it("shows again what was not saved", async () => {
    const queue = new ReviewQueue(null, source(true));
    await queue.load();
    await expect(queue.decide("accepted")).rejects.toThrow("no");
    expect([ids(queue), queue.left, queue.done.length]).toEqual(["1234", 4, 0]);
  });

  it("says from which score a tag is accepted", () => {
    expect(thresholdOf({ state: "accepted", score: 0.7, uncertainty: 0.1 })).toBeCloseTo(0.6);
    expect(thresholdOf({ state: "abstained", score: 0.5, uncertainty: 0.1 })).toBeCloseTo(0.6);
  });
});
