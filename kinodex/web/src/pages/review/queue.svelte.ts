/** What waits for a person, the least certain first. A decision is shown at once and taken back if it is not saved. */

import { SvelteSet } from "svelte/reactivity";
import { abandoned } from "../../api/problem";
import { reviewApi, type ReviewItem, type ReviewPage, type Verdict } from "./api";

const PAGE = 40;
/** So few that more are read. */
const FEW = 15;

export const keyOf = (item: Pick<ReviewItem, "video_id" | "tag_id">): string => `${item.video_id} ${item.tag_id}`;

interface Done {
  /** What takes it back; null until it is saved. */
  undo: string | null;
  verdict: Verdict;
  /** With the place where each was. */
  items: { item: ReviewItem; place: number }[];
}

export interface Source {
  page: (tag: string | null, after: string | null, limit: number, signal?: AbortSignal) => Promise<ReviewPage>;
  decide: (items: readonly ReviewItem[], verdict: Verdict) => Promise<{ undo: string }>;
  undo: (undo: string) => Promise<unknown>;
}

export class ReviewQueue {
  items = $state.raw<ReviewItem[]>([]);
  left = $state(0);
  loading = $state(true);
  error = $state.raw<unknown>(null);
  current = $state<string | null>(null);
  selected = new SvelteSet<string>();
  done = $state.raw<Done[]>([]);
  #next: string | null = null;
  #ended = new AbortController();
  #reading = false;
  /** Decisions are saved one after the other, so that an undo never overtakes what it takes back. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    readonly tag: string | null,
    private readonly source: Source = reviewApi,
  ) {}

  get item(): ReviewItem | null {
    return this.items.find((one) => keyOf(one) === this.current) ?? this.items[0] ?? null;
  }

  /** What a decision is about: those that are selected, else the one that is shown. */
  get meant(): ReviewItem[] {
    const chosen = this.items.filter((one) => this.selected.has(keyOf(one)));
    return chosen.length > 0 ? chosen : this.item ? [this.item] : [];
  }

  async load(): Promise<void> {
    this.loading = true;
    this.error = null;
    await this.#read(null);
    this.loading = false;
  }

  async #read(after: string | null): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const page = await this.source.page(this.tag, after, PAGE, this.#ended.signal);
      const known = new Set([...this.items, ...this.done.flatMap((one) => one.items.map(({ item }) => item))].map(keyOf));
      this.items = after === null ? page.items : [...this.items, ...page.items.filter((one) => !known.has(keyOf(one)))];
      this.#next = page.next;
      this.left = page.left;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    } finally {
      this.#reading = false;
    }
  }

  go(direction: 1 | -1): void {
    const place = this.items.findIndex((one) => one === this.item);
    const next = this.items[Math.max(0, Math.min(this.items.length - 1, place + direction))];
    if (next) this.current = keyOf(next);
  }

  toggle(item: ReviewItem): void {
    const key = keyOf(item);
    if (!this.selected.delete(key)) this.selected.add(key);
  }

  selectAll(all: boolean): void {
    this.selected.clear();
    if (all) for (const item of this.items) this.selected.add(keyOf(item));
  }

  /** Decide about what is meant, and go on with the next. */
  async decide(verdict: Verdict): Promise<void> {
    const items = this.meant;
    if (items.length === 0) return;
    const places = new Map(this.items.map((one, i) => [one, i]));
    const step: Done = { undo: null, verdict, items: items.map((item) => ({ item, place: places.get(item) ?? 0 })) };
    const shown = this.item;
    const rest = this.items.filter((one) => !items.includes(one));
    const following = shown && items.includes(shown) ? this.items.slice(places.get(shown) ?? 0).find((one) => !items.includes(one)) : shown;
    this.items = rest;
    this.selected.clear();
    const next = following ?? rest.at(-1);
    this.current = next ? keyOf(next) : null;
    this.left = Math.max(0, this.left - items.length);
    this.done = [...this.done, step];
    const saved = this.#saving.then(() => this.source.decide(items, verdict));
    this.#saving = saved.catch(() => undefined);
    try {
      step.undo = (await saved).undo;
      this.done = [...this.done];
    } catch (error) {
      this.#back(step);
      throw error;
    }
    if (this.items.length < FEW && this.#next !== null) await this.#read(this.#next);
  }

  /** Take the last decision back; what was decided is shown again. */
  async undo(): Promise<Verdict | null> {
    await this.#saving;
    const step = this.done.at(-1);
    if (!step || step.undo === null) return null;
    const taken = this.source.undo(step.undo);
    this.#saving = taken.catch(() => undefined);
    await taken;
    this.#back(step);
    return step.verdict;
  }

  #back(step: Done): void {
    const items = this.items.slice();
    for (const { item, place } of [...step.items].sort((a, b) => a.place - b.place)) items.splice(Math.min(place, items.length), 0, item);
    this.items = items;
    this.left += step.items.length;
    this.done = this.done.filter((one) => one !== step);
    const first = step.items[0];
    if (first) this.current = keyOf(first.item);
  }

  close(): void {
    this.#ended.abort();
  }
}

/** From which score on a tag is accepted, as it follows from how near one is to it. */
export function thresholdOf(item: Pick<ReviewItem, "state" | "score" | "uncertainty">): number {
  const threshold = item.state === "accepted" ? item.score - item.uncertainty : item.score + item.uncertainty;
  return Math.max(0, Math.min(1, threshold));
}
