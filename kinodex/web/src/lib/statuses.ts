/** What the server's words for states and jobs are called. */

import { t, type Message } from "../i18n/i18n.svelte";

const STATUSES: Record<string, Message> = {
  done: "statusDone",
  running: "statusRunning",
  pending: "statusPending",
  failed: "statusFailed",
  quarantined: "statusQuarantined",
};

const JOBS: Record<string, Message> = {
  ingest: "jobIngest",
  tag: "jobTag",
  describe: "jobDescribe",
  reembed: "jobReembed",
  verify: "jobVerify",
  export: "jobExport",
  propose: "jobPropose",
};

/** The state of a stage. */
export function statusName(status: string): string {
  const name = STATUSES[status];
  return name ? t(name) : status;
}

/** What a job of this kind does. */
export function jobName(kind: string): string {
  const name = JOBS[kind];
  return name ? t(name) : kind;
}
