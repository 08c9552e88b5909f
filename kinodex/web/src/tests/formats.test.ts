import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatName, formatsFor, ofMoments, purposeOf, PURPOSES } from "../pages/jobs/formats";

const SOURCE = readFileSync(join(import.meta.dirname, "../../../exports/formats.py"), "utf8");
const TABLES = [...(/_PARTS[^{]*\{([^}]*)\}/.exec(SOURCE)?.[1] ?? SOURCE).matchAll(/^\s+"(\w+)": (?:frozenset|_LINES)/gm)].map((found) => found[1] as string);
const OWN = ["srt", "vtt", "txt", "speakers.srt", "speakers.vtt", "speakers.txt", "chapters", "ffmetadata", "annotations", "nfo", "otio", "edl", "fcpxml", "fcp7"];
const ALL = [...OWN, ...TABLES.flatMap((table) => ["csv", "jsonl", "parquet"].map((kind) => `${table}.${kind}`))];

describe("formats of exports", () => {
  it("all have a purpose and a name", () => {
    expect(TABLES.sort()).toEqual(["lines", "moments", "tags", "tracklets", "videos"]);
    for (const name of OWN) if (!name.startsWith("speakers")) expect(SOURCE, name).toContain(`"${name}"`);
    for (const name of ALL) expect(formatName(name), name).not.toBe(name);
    expect(PURPOSES.flatMap(({ purpose }) => formatsFor(purpose, ALL)).sort()).toEqual([...ALL].sort());
    for (const { purpose } of PURPOSES) expect(formatsFor(purpose, ALL).length, purpose).toBeGreaterThan(0);
  });

  it("are ordered by what most people want", () => {
    expect(PURPOSES.map(({ purpose }) => formatsFor(purpose, ALL)[0])).toEqual(["srt", "otio", "tags.csv", "annotations"]);
  });

  it("of moments need something to look for", () => {
    expect(["moments.csv", "otio", "srt", "tags.csv"].map(ofMoments)).toEqual(["must", "may", null, null]);
  });

  it("that are new are there under their name", () => {
    expect([purposeOf("new.thing"), formatName("new.thing")]).toEqual(["tables", "new.thing"]);
    expect(formatsFor("tables", ["new.thing", "tags.csv"])).toEqual(["tags.csv", "new.thing"]);
  });
});
