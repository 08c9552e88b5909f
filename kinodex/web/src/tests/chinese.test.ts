import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkName, CHECKS_ZH, FINDINGS_ZH, findingText } from "../i18n/health";
import { i18n } from "../i18n/i18n.svelte";
import { STAGES_ZH, stageName, TASKS_ZH, taskName, warningText } from "../i18n/stages";

const ROOT = join(import.meta.dirname, "../../../..");
const source = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const quoted = (text: string): string[] => [...text.matchAll(/"([a-z_]+)"/g)].map((found) => found[1] as string);

describe("what the server names", () => {
  afterEach(() => {
    i18n.locale = "en";
  });

  it("has Chinese words for every finding of a check, with its values", () => {
    const codes = quoted(/FINDINGS = \(([^)]*)\)/.exec(source("kinodex/schemas/api/operations.py"))?.[1] ?? "");
    expect(codes.length).toBeGreaterThan(20);
    expect(Object.keys(FINDINGS_ZH).sort()).toEqual(codes.sort());
    const checks = source("kinodex/usecases/doctor.py");
    for (const code of codes) expect(checks, code).toContain(`"${code}"`);
    for (const name of ["python", "packages", "weights", "device", "settings", "disk", "library", "language model", "ray"]) {
      expect(checks).toContain(`"${name}"`);
      expect(CHECKS_ZH, name).toHaveProperty([name]);
    }
  });

  it("has Chinese words for every stage and every task of a model", () => {
    const stages = [...source("pipeline/perception.py").matchAll(/Stage\(\s*"([a-z_]+)"/g)].map((found) => found[1] as string);
    expect(stages.length).toBeGreaterThan(14);
    for (const stage of stages) expect(STAGES_ZH, stage).toHaveProperty(stage);
    const specs = source("encoders/registry/specs.py");
    const tasks = quoted(`${/^TASKS = \(([^)]*)\)/m.exec(specs)?.[1]} ${/^OPTIONAL_TASKS = \(([^)]*)\)/m.exec(specs)?.[1]}`);
    expect(tasks.length).toBeGreaterThan(12);
    for (const task of tasks) expect(TASKS_ZH, task).toHaveProperty(task);
  });

  it("is said in Chinese on a Chinese page, and as it is on an English one", () => {
    const found = { code: "disk_free", finding: "5 GB free for /films", values: { free: "5 GB", library: "/films" } };
    const failed = { code: "DISK_FULL", finding: "The disk is full. Make room.", values: {} };
    expect([findingText(found), findingText(failed), stageName("speech"), taskName("voice"), checkName("disk")]).toEqual([
      "5 GB free for /films", "The disk is full. Make room.", "speech", "voice", "disk",
    ]);
    i18n.locale = "zh";
    expect([findingText(found), findingText(failed), stageName("speech"), taskName("voice"), checkName("disk")]).toEqual([
      "/films 所在磁盘剩余 5 GB", "磁盘已满", "语音转文字", "语音检测", "磁盘",
    ]);
    expect(warningText("AUDIO_TRACKS: 1 (English), 2 (Chinese)")).toBe("文件里有多条音轨");
    expect([stageName("new_stage"), warningText("Something else")]).toEqual(["new_stage", "Something else"]);
  });
});
