/** What jobs, their states and their counts are called. */

import { number, t, type Message } from "../../i18n/i18n.svelte";

const KINDS: Record<string, Message> = { ingest: "jobIngest", tag: "jobTag", describe: "jobDescribe", reembed: "jobReembed", verify: "jobVerify", export: "jobExport", propose: "jobPropose" };
const STATES: Record<string, Message> = {
  queued: "jobQueued", running: "jobRunning", done: "jobDone", failed: "jobFailed", cancelled: "jobCancelled", interrupted: "jobInterrupted",
};
const COUNTS: [string, Message][] = [
  ["done", "jobCountDone"], ["reused", "jobCountReused"], ["failed", "jobCountFailed"], ["quarantined", "jobCountQuarantined"], ["postponed", "jobCountPostponed"], ["filtered", "jobCountFiltered"],
];
const ENDS: Record<string, Message> = {
  done: "jobEndDone", reused: "jobEndReused", failed: "jobEndFailed", quarantined: "jobEndQuarantined", problem: "jobEndProblem", filtered: "jobEndFiltered", postponed: "jobEndPostponed",
};

const named = (names: Record<string, Message>, name: string): string => {
  const message = names[name];
  return message ? t(message) : name;
};

export const kindOf = (kind: string): string => named(KINDS, kind);
export const stateOf = (state: string): string => named(STATES, state);
export const endOf = (status: string): string => named(ENDS, status);

/** The tone of a state; ended is not well, where something failed on the way. */
export function toneOf(state: string, totals: Record<string, unknown> = {}): "plain" | "daylight" | "good" | "bad" | "warn" {
  if (state === "done") return totals["failed"] || totals["quarantined"] ? "warn" : "good";
  if (state === "failed") return "bad";
  if (state === "running") return "daylight";
  return state === "interrupted" ? "warn" : "plain";
}

/** Counts of a job's items: of a finished one those that were there already are not those that it did. */
export function counts(totals: Record<string, unknown>): { name: string; text: string }[] {
  const count = (name: string): number => (typeof totals[name] === "number" ? (totals[name] as number) : 0);
  return COUNTS.map(([name, message]) => ({ name, n: name === "done" ? Math.max(0, count("done") - count("reused")) : count(name), message }))
    .filter(({ n }) => n > 0)
    .map(({ name, n, message }) => ({ name, text: t(message, { n: number(n) }) }));
}

/** How long something takes, roughly: two units at most. */
export function duration(seconds: number): string {
  const unit = (n: number, name: string): string => number(n, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 });
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return unit(whole, "second");
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return unit(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest > 0 && hours < 10 ? `${unit(hours, "hour")} ${unit(rest, "minute")}` : unit(hours, "hour");
}
