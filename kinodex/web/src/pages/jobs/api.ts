/** Jobs, what failed, and the folders to take files from. Times: seconds since 1970. */

import { address, json } from "../../api/http";

export interface JobFault {
  code: string;
  message: string;
  hint: string;
}

export interface JobCard {
  job_id: string;
  kind: string;
  /** Of the API key that it was ordered with; "" if a person ordered it. */
  key_id: string;
  state: string;
  files: string[];
  videos: number | null;
  share: number;
  note: string;
  totals: Record<string, unknown>;
  error: JobFault | null;
  attempt: number;
  cancel_asked: boolean;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  events: string;
  /** What it made; null until it is done, and once it is no longer kept. */
  file: { name: string; bytes: number; url: string } | null;
}

export interface ExportFormat {
  name: string;
  note: string;
}

export interface JobItem {
  video_id: string;
  name: string;
  status: string;
  fault: { code: string; message: string } | null;
}

export interface JobDetail extends JobCard {
  items: JobItem[];
  more: number;
  stopped: string;
}

export interface JobPlan {
  kind: string;
  inputs: number;
  videos: number;
  problems: JobItem[];
  stages: { stage: string; videos: number }[];
  media_seconds: number;
  seconds: number;
  work_seconds: number;
  bytes: number;
  free_bytes: number | null;
  tokens: number;
  money: number;
  priced: boolean;
  measured: boolean;
  over_budget: string;
}

export interface Failure {
  failure_id: string;
  video_id: string;
  name: string;
  stage: string;
  status: string;
  code: string;
  message: string;
  hint: string;
  retried: boolean;
  attempts: number;
}

export interface FailuresPage {
  failures: Failure[];
  total: number;
  next: string | null;
}

export interface FolderEntry {
  name: string;
  path: string;
  size: number | null;
}

export interface FolderListing {
  path: string;
  parent: string | null;
  folders: FolderEntry[];
  files: FolderEntry[];
  more: number;
}

export type OrderKind = "ingest" | "tag" | "describe" | "reembed" | "verify" | "export";
export type Order = { kind: OrderKind } & Record<string, unknown>;

export const ACTIVE = ["queued", "running"];
export const active = (job: Pick<JobCard, "state">): boolean => ACTIVE.includes(job.state);

const job = (id: string): string => `/jobs/${encodeURIComponent(id)}`;

export const jobsApi = {
  page: (cursor: string | null, signal?: AbortSignal) =>
    json<{ jobs: JobCard[]; next: string | null }>("GET", "/jobs", { query: { cursor, limit: 30 }, ...(signal ? { signal } : {}) }),
  job: (id: string, signal?: AbortSignal) => json<JobDetail>("GET", job(id), signal ? { signal } : {}),
  plan: (order: Order, signal?: AbortSignal) => json<JobPlan>("POST", "/jobs/plan", { body: order, ...(signal ? { signal } : {}) }),
  order: (order: Order, idempotencyKey: string) => json<JobCard & { new: boolean }>("POST", "/jobs", { body: order, idempotencyKey }),
  cancel: (id: string) => json<JobCard>("POST", `${job(id)}/cancel`),
  retry: (id: string) => json<JobCard>("POST", `${job(id)}/retry`),
  eventsUrl: (id: string) => address(`${job(id)}/events`),
  failures: (cursor: string | null, limit: number, signal?: AbortSignal) =>
    json<FailuresPage>("GET", "/failures", { query: { cursor, limit }, ...(signal ? { signal } : {}) }),
  retryFailures: (ids: string[] | null) => json<{ jobs: JobCard[] }>("POST", "/failures/retry", { body: { ids } }),
  folder: (path: string, signal?: AbortSignal) => json<FolderListing>("GET", "/folders", { query: { path }, ...(signal ? { signal } : {}) }),
  formats: (signal?: AbortSignal) => json<{ formats: ExportFormat[] }>("GET", "/exports", signal ? { signal } : {}),
  ready: () => json<{ status: string; worker: string }>("GET", "/ready"),
};
