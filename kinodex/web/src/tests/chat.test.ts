import { describe, expect, it } from "vitest";
import { copied, paragraphs } from "../pages/chat/answer";
import type { Citation, Turn } from "../pages/chat/api";
import { about, told, videosIn, type Step } from "../pages/chat/steps";
import { suggestions } from "../pages/chat/suggestions";

function citation(number: number, quote = "cat"): Citation {
  return { number, evidence_id: `utt_${number}`, video_id: "vid_1", name: "pets.mp4", start: number * 10, end: number * 10 + 5, channel: "speech", quote, frame: "/f", link: `/videos/vid_1?t=${number * 10}` };
}

const claim = (text: string, citations: number[]) => ({ text, citations, basis: "quote", value: "", sql: "" });
const numbers = (lines: ReturnType<typeof paragraphs>) => lines.map((line) => line.map((piece) => ("text" in piece ? piece.text : piece.citations.map((one) => one.number))));

describe("an answer", () => {
  it("has its numbers where its claims end", () => {
    const turn = { lines: ["A dog barks. [1][2]", "A cat sleeps. [2]"], claims: [claim("A dog barks.", [1, 2]), claim("A cat sleeps.", [2])], citations: [citation(1), citation(2)] };
    expect(numbers(paragraphs(turn))).toEqual([["A dog barks.", [1, 2]], ["A cat sleeps.", [2]]]);
  });

  it("writes a range out", () => {
    const turn = { lines: ["Seen: cats [1–4]"], claims: [claim("Seen: cats", [1, 2, 3, 4])], citations: [1, 2, 3, 4].map((one) => citation(one)) };
    expect(numbers(paragraphs(turn))).toEqual([["Seen: cats", [1, 2, 3, 4]]]);
  });

  it("takes no number for a citation that somebody says", () => {
    const turn = { lines: ["Said: “see [2] and <img src=x onerror=alert(1)>” [1] – more [9]"], claims: [claim("Said: “see [2] and <img src=x onerror=alert(1)>”", [1])], citations: [citation(1), citation(2)] };
    expect(numbers(paragraphs(turn))).toEqual([["Said: “see [2] and <img src=x onerror=alert(1)>”", [1], " – more [9]"]]);
  });

  it("is copied with its sources", () => {
    const turn = { lines: ["A dog. [1]"], citations: [citation(1, "wuff")] } as unknown as Turn;
    expect(copied(turn, "http://here", (seconds) => `${seconds}s`)).toBe("A dog. [1]\n\n[1] pets.mp4 10s–15s – wuff http://here/videos/vid_1?t=10");
  });
});

describe("steps", () => {
  const event = (id: number, kind: string, details: object) => ({ id: String(id), event: kind, data: JSON.stringify({ at: id, ...details }) });

  it("join a look-up and what came of it", () => {
    let steps: Step[] = [];
    steps = told(steps, event(1, "begun", {}));
    steps = told(steps, event(2, "step", { kind: "looking", tool: "search_moments", arguments: { query: "bridge", videos: ["vid_7"] } }));
    expect(steps.map((one) => one.open)).toEqual([true]);
    expect(about(steps[0] as Step, (id) => id)).toBe("bridge");
    expect(videosIn(steps)).toEqual(["vid_7"]);
    steps = told(steps, event(4, "step", { kind: "looked", tool: "search_moments", found: 6, note: "match", code: "" }));
    steps = told(steps, event(5, "node", { node: "draft", seconds: 3 }));
    expect(steps).toMatchObject([{ kind: "look", found: 6, open: false, seconds: 2 }, { kind: "written", seconds: 3 }]);
  });

  it("are told once, also if the stream begins again", () => {
    const again = event(3, "node", { node: "check", seconds: 1 });
    const once = told([], again);
    expect(told(once, again)).toEqual(once);
  });

  it("survive what cannot be read", () => {
    expect(told([], { id: "1", event: "step", data: "{" })).toEqual([]);
  });
});

describe("first questions", () => {
  const t = (message: string, values: object = {}): string => `${message} ${Object.values(values).join()}`;
  const videos = [{ name: "a.mp4", tags: [{ tag_id: "1", name: "dog", shown: "狗" }], languages: [] }, { name: "b.mp4", tags: [], languages: ["en"] }];
  it("are about what is there", () => {
    expect(suggestions({ videos, narrowed: false }, t)).toEqual(["chatTryWhich 狗", "chatTrySaid b.mp4", "chatTryWhat a.mp4"]);
    expect(suggestions({ videos: [], narrowed: false }, t)).toEqual([]);
  });
});
