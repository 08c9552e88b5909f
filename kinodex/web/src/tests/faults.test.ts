import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { problemOf } from "../api/problem";
import { faultText, FAULTS_ZH } from "../i18n/faults";
import { i18n } from "../i18n/i18n.svelte";

const ERRORS = join(import.meta.dirname, "../../../../stores/core/errors.py");

describe("faults", () => {
  afterEach(() => {
    i18n.locale = "en";
  });

  it("have a Chinese sentence for every code of the server, and for no other", () => {
    const codes = [...readFileSync(ERRORS, "utf8").matchAll(/ErrorCode\("([A-Z_]+)"/g)].map((found) => found[1]);
    expect(codes.length).toBeGreaterThan(40);
    expect(Object.keys(FAULTS_ZH).sort()).toEqual(codes.sort());
    for (const [code, words] of Object.entries(FAULTS_ZH)) expect(words, code).toMatch(/^[\p{Script=Han}，、]+$/u);
  });

  it("are said as the server says them, in Chinese after a sentence of ours", async () => {
    const body = JSON.stringify({ code: "DISK_FULL", title: "The disk of the library is full.", hint: "Make room." });
    expect((await problemOf(new Response(body, { status: 507 }))).message).toBe("The disk of the library is full.");
    i18n.locale = "zh";
    expect((await problemOf(new Response(body, { status: 507 }))).message).toBe("磁盘已满（The disk of the library is full.）");
    expect(faultText("UNHEARD_OF", "Something.")).toBe("Something.");
    expect(faultText("DISK_FULL", "")).toBe("磁盘已满");
  });
});
