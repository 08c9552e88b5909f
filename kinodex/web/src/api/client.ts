/** The resources of the server as functions. What the pages share stands here; a page's own may stand beside it. */

import { address, json, type QueryValue } from "./http";
import type * as T from "./types";

interface Ask {
  signal?: AbortSignal;
}

export interface VideoFilter {
  cursor?: string | null;
  limit?: number;
  status?: string | null;
  tag?: string | null;
  collection?: string | null;
  language?: string | null;
  name?: string | null;
  sort?: string | null;
}

export interface SearchAsk {
  q: string;
  k?: number;
  mode?: "meaning" | "exact";
  video_id?: readonly string[];
  collection?: string | null;
  duplicates?: boolean;
}

const v = (id: string): string => `/videos/${encodeURIComponent(id)}`;
const get = <R>(path: string, query?: Record<string, QueryValue>, ask?: Ask): Promise<R> =>
  json<R>("GET", path, { query: query ?? {}, ...(ask?.signal ? { signal: ask.signal } : {}) });

export const api = {
  me: (ask?: Ask) => get<T.Me>("/me", {}, ask),
  login: (name: string, password: string) => json<T.Me>("POST", "/login", { body: { name, password } }),
  logout: () => json<void>("POST", "/logout"),
  status: (ask?: Ask) => get<T.LibraryStatus>("/status", {}, ask),

  videos: (filter: VideoFilter, ask?: Ask) => get<T.VideoList>("/videos", { ...filter }, ask),
  video: (id: string, ask?: Ask) => get<T.VideoDetail>(v(id), {}, ask),
  forget: (id: string) => json<unknown>("POST", `${v(id)}/forget`),
  timeline: (id: string, ask?: Ask) => get<T.Timeline>(`${v(id)}/timeline`, {}, ask),
  lines: (id: string, kind: T.LineKind, cursor?: string | null, ask?: Ask) =>
    get<T.LineList>(`${v(id)}/lines`, { kind, cursor, limit: 500 }, ask),
  correctLine: (id: string, evidence: string, text: string) =>
    json<T.Line>("PATCH", `${v(id)}/lines/${encodeURIComponent(evidence)}`, { body: { text } }),
  uncorrectLine: (id: string, evidence: string) => json<T.Line>("DELETE", `${v(id)}/lines/${encodeURIComponent(evidence)}`),
  tracklets: (id: string, start: number, end: number, ask?: Ask) =>
    get<{ tracklets: T.Tracklet[] }>(`${v(id)}/tracklets`, { start, end }, ask),
  videoTags: (id: string, ask?: Ask) => get<{ decisions: T.TagDecision[] }>(`${v(id)}/tags`, {}, ask),
  similar: (id: string, start: number, end: number, k = 12, ask?: Ask) =>
    get<T.SearchAnswer>(`${v(id)}/similar`, { start, end, k }, ask),

  mediaUrl: (id: string) => address(`${v(id)}/media`),
  captionsUrl: (id: string) => address(`${v(id)}/captions.vtt`),
  exportUrl: (id: string, format: string) => address(`${v(id)}/export/${format}`),
  frameUrl: (id: string, t: number, width: number) => address(`${v(id)}/frame`, { t, width }),
  proxy: (id: string, ask?: Ask) => get<T.ProxyState>(`${v(id)}/proxy`, {}, ask),
  makeProxy: (id: string) => json<T.ProxyState>("POST", `${v(id)}/proxy`),
  frames: (id: string, start: number, end: number, ask?: Ask) => get<T.FrameTimes>(`${v(id)}/frames`, { start, end }, ask),
  sprites: (id: string, ask?: Ask) => get<T.Sprites>(`${v(id)}/sprites`, {}, ask),
  peaks: (id: string, buckets: number, ask?: Ask) => get<T.Peaks>(`${v(id)}/peaks`, { buckets }, ask),

  search: (what: SearchAsk, ask?: Ask) => get<T.SearchAnswer>("/search", { ...what }, ask),
  evidence: (ids: readonly string[], ask?: Ask) => get<{ evidence: T.Evidence[] }>("/evidence", { id: ids }, ask),
  tags: (q?: string, cursor?: string | null, ask?: Ask) => get<T.TagList>("/tags", { q, cursor }, ask),
  collections: (ask?: Ask) => get<{ collections: T.Collection[] }>("/collections", {}, ask),

  jobs: (ask?: Ask) => get<{ jobs: T.Job[]; next: string | null }>("/jobs", {}, ask),
  startJob: (body: Record<string, unknown>, idempotencyKey: string) => json<T.Job>("POST", "/jobs", { body, idempotencyKey }),
  jobEventsUrl: (id: string) => address(`/jobs/${encodeURIComponent(id)}/events`),
};
