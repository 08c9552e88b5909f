import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fill, localeOf, TABLES, type Message } from "../i18n/i18n.svelte";

const SOURCE = join(import.meta.dirname, "..");
const messages = Object.keys(TABLES.en) as Message[];

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.(svelte|ts)$/.test(entry.name) && !path.includes("/tests/") ? [path] : [];
  });
}

/** What every page may need, whether one does now or not. */
const OFFERED = new Set<Message>(["save", "more"]);

describe("words", () => {
  it("stand in both languages, none of them empty", () => {
    expect(Object.keys(TABLES.zh).sort()).toEqual(Object.keys(TABLES.en).sort());
    for (const message of messages) {
      expect(TABLES.en[message].trim(), message).not.toBe("");
      expect(TABLES.zh[message].trim(), message).not.toBe("");
    }
  });

  it("hold the same values in both", () => {
    const values = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const message of messages) expect(values(TABLES.zh[message]), message).toEqual(values(TABLES.en[message]));
  });

  it("are Chinese in Chinese", () => {
    const names = new Set(["Kinodex", "English", "{page} – Kinodex", "{n} / {m}", "{label}：{value}"]);
    for (const message of messages) if (!names.has(TABLES.zh[message])) expect(TABLES.zh[message], message).toMatch(/\p{Script=Han}/u);
  });

  it("are punctuated as Chinese is", () => {
    for (const message of messages) expect(TABLES.zh[message], message).not.toMatch(/[\p{Script=Han}”）}][,:;?!]|[,:;?!][\p{Script=Han}“]/u);
  });

  it("have a form for one wherever they have one for many", () => {
    for (const message of messages)
      if (message.endsWith(".other")) expect(messages).toContain(message.replace(".other", ".one"));
  });

  it("are all used", () => {
    const source = files(SOURCE).filter((path) => !path.includes("/i18n/")).map((path) => readFileSync(path, "utf8")).join("\n");
    const unused = messages.filter((message) => !OFFERED.has(message) && !source.includes(`"${message.replace(/\.(one|other)$/, "")}"`));
    expect(unused).toEqual([]);
  });

  it("stand in the tables, not in the markup", () => {
    const loose: string[] = [];
    for (const path of files(SOURCE).filter((one) => one.endsWith(".svelte"))) {
      const markup = readFileSync(path, "utf8").replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, "");
      for (const [whole] of markup.matchAll(/(?:aria-label|title|placeholder|alt)="[^"{}]*[A-Za-z]{3}[^"{}]*"/g)) loose.push(`${path}: ${whole}`);
    }
    expect(loose).toEqual([]);
  });
});

describe("no markup that the policy forbids", () => {
  it("has no style attribute and no raw HTML", () => {
    for (const path of files(SOURCE).filter((one) => one.endsWith(".svelte"))) {
      const text = readFileSync(path, "utf8").replace(/<style[\s\S]*?<\/style>/g, "");
      expect(text, path).not.toMatch(/\sstyle="/);
      expect(text, path).not.toMatch(/\{@html|innerHTML|\bon[a-z]+="/);
    }
  });
});

describe("languages", () => {
  it("follow the browser", () => {
    expect(localeOf(["zh-TW", "en"])).toBe("zh");
    expect(localeOf(["fr-FR", "zh-CN"])).toBe("zh");
    expect(localeOf(["de"])).toBe("en");
  });

  it("fill values, and leave unknown ones", () => {
    expect(fill("{n} of {m}, {x}", { n: 1, m: "two" })).toBe("1 of two, {x}");
  });
});
