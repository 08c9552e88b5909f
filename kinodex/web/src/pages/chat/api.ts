/** Threads and turns: the resources of conversations, as docs/openapi.json says them. Times: seconds since 1970. */

import { address, json } from "../../api/http";

export interface ThreadDocument {
  thread_id: string;
  title: string;
  /** The only videos it is about; null for all. */
  video_ids: string[] | null;
  turn_count: number;
  created_at: number;
  changed_at: number;
}

export interface ThreadsPage {
  threads: ThreadDocument[];
  next: string | null;
}

export interface Citation {
  number: number;
  evidence_id: string;
  video_id: string;
  name: string;
  start: number;
  end: number;
  channel: string;
  quote: string;
  frame: string;
  link: string;
}

export interface Claim {
  text: string;
  citations: number[];
  basis: string;
  value: string;
  sql: string;
}

export type TurnStatus = "running" | "done" | "cancelled" | "failed" | "interrupted";

export interface Turn {
  turn_id: string;
  thread_id: string;
  ordinal: number;
  question: string;
  stand_alone: string;
  status: TurnStatus;
  answer: string;
  lines: string[];
  abstained: boolean;
  removed: boolean;
  mode: string;
  claims: Claim[];
  citations: Citation[];
  usage: { calls: number; tokens: number; seconds: number; cost: number };
  error_code: string;
  error_message: string;
  started_at: number;
  finished_at: number | null;
  events: string;
}

export interface Thread {
  thread: ThreadDocument;
  videos: Record<string, string>;
  turns: Turn[];
}

export interface TurnBegun {
  turn_id: string;
  thread_id: string;
  events: string;
}

interface Ask {
  signal?: AbortSignal;
}

const thread = (id: string): string => `/threads/${encodeURIComponent(id)}`;
const turn = (id: string): string => `/turns/${encodeURIComponent(id)}`;

export const chatApi = {
  threads: (cursor: string | null, ask: Ask = {}) => json<ThreadsPage>("GET", "/threads", { query: { cursor, limit: 100 }, ...ask }),
  begin: (videoIds: readonly string[] | null, idempotencyKey: string) =>
    json<ThreadDocument>("POST", "/threads", { body: { video_ids: videoIds }, idempotencyKey }),
  thread: (id: string, ask: Ask = {}) => json<Thread>("GET", thread(id), ask),
  rename: (id: string, title: string) => json<ThreadDocument>("PATCH", thread(id), { body: { title } }),
  delete: (id: string) => json<void>("DELETE", thread(id)),
  exportUrl: (id: string, format: "md" | "json") => address(`${thread(id)}/export`, { format }),
  ask: (id: string, question: string, idempotencyKey: string) =>
    json<TurnBegun>("POST", `${thread(id)}/turns`, { body: { question }, idempotencyKey }),
  turn: (id: string, ask: Ask = {}) => json<Turn>("GET", turn(id), ask),
  cancel: (id: string) => json<{ was_running: boolean }>("POST", `${turn(id)}/cancel`),
};

/** All videos of a collection, by id. */
export async function videosOf(collection: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { videos: { video_id: string }[]; next: string | null } = await json("GET", `/collections/${encodeURIComponent(collection)}/videos`, {
      query: { cursor, limit: 50 },
    });
    ids.push(...page.videos.map((one) => one.video_id));
    cursor = page.next;
  } while (cursor !== null);
  return ids;
}
