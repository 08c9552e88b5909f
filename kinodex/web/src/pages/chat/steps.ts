/** What happened in a turn, as it is told: a look-up and what came of it are one step. */

import type { ServerEvent } from "../../api/events";

export interface Step {
  /** Number of its first event. */
  number: number;
  /** Seconds since 1970. */
  at: number;
  kind: "understood" | "look" | "rules" | "resumed" | "note" | "written" | "checked";
  tool?: string;
  arguments?: Record<string, unknown>;
  found?: number;
  note?: string;
  code?: string;
  question?: string;
  seconds?: number;
  /** Whether it is not over. */
  open?: boolean;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Steps with one more event told; events that say nothing new to a reader leave them as they are. */
export function told(steps: readonly Step[], event: Pick<ServerEvent, "id" | "event" | "data">): Step[] {
  let details: Record<string, unknown>;
  try {
    details = JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    return [...steps];
  }
  const number = Number(event.id ?? 0);
  const at = typeof details["at"] === "number" ? details["at"] : 0;
  const last = steps.at(-1);
  if (last && number !== 0 && number <= lastNumber(steps)) return [...steps];
  const add = (step: Omit<Step, "number" | "at">): Step[] => [...steps, { number, at, ...step }];
  if (event.event === "resumed") return add({ kind: "resumed" });
  if (event.event === "node") {
    const seconds = typeof details["seconds"] === "number" ? details["seconds"] : 0;
    if (details["node"] === "draft") return add({ kind: "written", seconds });
    if (details["node"] === "check") return add({ kind: "checked", seconds });
    return [...steps];
  }
  if (event.event !== "step") return [...steps];
  const kind = text(details["kind"]);
  if (kind === "understood") return add({ kind: "understood", question: text(details["question"]), note: text(details["why"]) });
  if (kind === "rules go on") return add({ kind: "rules", code: text(details["code"]) });
  if (kind === "looking")
    return add({ kind: "look", tool: text(details["tool"]), arguments: (details["arguments"] ?? {}) as Record<string, unknown>, open: true });
  if (kind === "looked") {
    const place = steps.findLastIndex((step) => step.kind === "look" && step.open === true && step.tool === text(details["tool"]));
    const found = typeof details["found"] === "number" ? details["found"] : 0;
    const result = { found, note: text(details["note"]), code: text(details["code"]), open: false };
    if (place < 0) return add({ kind: "look", tool: text(details["tool"]), ...result });
    return steps.map((step, i) => (i === place ? { ...step, ...result, seconds: Math.max(0, at - step.at) } : step));
  }
  return add({ kind: "note", note: Object.values(details).filter((value) => typeof value === "string").join(" ") });
}

function lastNumber(steps: readonly Step[]): number {
  return steps.reduce((most, step) => Math.max(most, step.number), 0);
}

/** Ids of videos that some steps name. */
export function videosIn(steps: readonly Step[]): string[] {
  const ids = new Set<string>();
  for (const step of steps)
    for (const value of Object.values(step.arguments ?? {}))
      for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) if (typeof one === "string" && one.startsWith("vid_")) ids.add(one);
  return [...ids];
}

const ABOUT: Record<string, string> = {
  search_moments: "query", read_text: "video", what_is_shown: "video", list_videos: "name", tags_of: "videos",
  similar_moments: "video", query_tables: "sql", look_at_frames: "video", video_overview: "video",
};

/** What a look-up is about: words, or names of videos. */
export function about(step: Step, nameOf: (id: string) => string): string {
  const value = step.arguments?.[ABOUT[step.tool ?? ""] ?? ""];
  const some = Array.isArray(value) ? (value as unknown[]) : [value];
  return some.filter((one): one is string => typeof one === "string" && one !== "").map((one) => (one.startsWith("vid_") ? nameOf(one) : one)).join(", ");
}
