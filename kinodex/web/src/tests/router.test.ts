import { describe, expect, it } from "vitest";
import { nameOf } from "../lib/keys.svelte";
import { href, placeOf } from "../lib/router.svelte";

describe("places", () => {
  it("are pages", () => {
    expect(placeOf("/")).toEqual({ page: "library", id: null });
    expect(placeOf("/search")).toEqual({ page: "search", id: null });
    expect(placeOf("/videos/vid_1%2F2")).toEqual({ page: "video", id: "vid_1/2" });
    expect(placeOf("/chat")).toEqual({ page: "chat", id: null });
    expect(placeOf("/chat/thr_1/")).toEqual({ page: "chat", id: "thr_1" });
    expect(placeOf("/settings/keys")).toEqual({ page: "settings", id: "keys" });
    expect(placeOf("/videos/%E0%A4%A").id).toBe("%E0%A4%A");
    expect(placeOf("/nothing").page).toBe("unknown");
  });

  it("hold what is asked, and nothing empty", () => {
    expect(href("/search", { q: "a b&c", mode: null, collection: "", duplicates: false, video: ["x", "y"] })).toBe("/search?q=a+b%26c&video=x&video=y");
    expect(href("/")).toBe("/");
  });
});

describe("keys", () => {
  it("are named by what they type", () => {
    expect(nameOf({ key: "?", shiftKey: true })).toBe("?");
    expect(nameOf({ key: "N", shiftKey: true })).toBe("Shift+n");
    expect(nameOf({ key: "N", shiftKey: false })).toBe("n");
    expect(nameOf({ key: "ArrowLeft", shiftKey: true })).toBe("Shift+ArrowLeft");
    expect(nameOf({ key: "<", shiftKey: true })).toBe("<");
  });
});
