/** The videos that fit some filters, read page by page; kept, so that going back finds them as they were. */

import { api, type VideoFilter } from "../../api/client";
import { abandoned } from "../../api/problem";
import type { VideoCard } from "../../api/types";

export type Filter = Omit<VideoFilter, "cursor" | "limit">;

const PAGE = 120;
const KEPT = 6;

export class Listing {
  videos = $state.raw<VideoCard[]>([]);
  total = $state(0);
  /** Whether the first page was read. */
  known = $state(false);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  #next: string | null = null;
  #asked = new AbortController();

  constructor(readonly filter: Filter) {}

  get complete(): boolean {
    return this.known && this.#next === null;
  }

  /** Read the next page; nothing if there is none, or if it is being read. */
  async more(): Promise<void> {
    if (this.loading || this.complete || this.error !== null) return;
    this.loading = true;
    try {
      const page = await api.videos({ ...this.filter, cursor: this.#next, limit: PAGE }, { signal: this.#asked.signal });
      const there = new Set(this.videos.map((video) => video.video_id));
      this.videos = [...this.videos, ...page.videos.filter((video) => !there.has(video.video_id))];
      this.total = page.total;
      this.#next = page.next;
      this.known = true;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    } finally {
      this.loading = false;
    }
  }

  /** Read as much again as is there, and then put it in place of that: no card goes away meanwhile. */
  async refresh(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const wanted = Math.max(PAGE, this.videos.length);
      const videos: VideoCard[] = [];
      let next: string | null = null;
      do {
        const page = await api.videos({ ...this.filter, cursor: next, limit: PAGE }, { signal: this.#asked.signal });
        videos.push(...page.videos);
        this.total = page.total;
        next = page.next;
      } while (next !== null && videos.length < wanted);
      this.videos = videos;
      this.#next = next;
      this.known = true;
      this.error = null;
    } catch (error) {
      if (!abandoned(error) && !this.known) this.error = error;
    } finally {
      this.loading = false;
    }
  }

  async again(): Promise<void> {
    this.error = null;
    await this.more();
  }
}

const kept = new Map<string, Listing>();

/** The listing of some filters: the one that was there before, if it is kept. */
export function listingOf(filter: Filter): { listing: Listing; old: boolean } {
  const name = JSON.stringify(filter);
  const found = kept.get(name);
  const listing = found ?? new Listing(filter);
  kept.delete(name);
  kept.set(name, listing);
  while (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
  return { listing, old: found !== undefined };
}
