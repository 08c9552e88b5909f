/** The conversations of the one who asks, the last changed first. */

import { abandoned } from "../../api/problem";
import { chatApi, type ThreadDocument } from "./api";

class Threads {
  all = $state.raw<ThreadDocument[]>([]);
  error = $state.raw<unknown>(null);
  loaded = $state(false);
  /** Whether older ones were not read yet. */
  more = $state(false);
  #next: string | null = null;
  #reading = false;

  /** Read from the newest on. */
  async load(): Promise<void> {
    try {
      const page = await chatApi.threads(null);
      this.all = page.threads;
      this.#next = page.next;
      this.more = page.next !== null;
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    }
  }

  async loadMore(): Promise<void> {
    if (this.#reading || this.#next === null) return;
    this.#reading = true;
    try {
      const page = await chatApi.threads(this.#next);
      const known = new Set(this.all.map((one) => one.thread_id));
      this.all = [...this.all, ...page.threads.filter((one) => !known.has(one.thread_id))];
      this.#next = page.next;
      this.more = page.next !== null;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    } finally {
      this.#reading = false;
    }
  }

  /** Put one on top, new or changed. */
  put(thread: ThreadDocument): void {
    this.all = [thread, ...this.all.filter((one) => one.thread_id !== thread.thread_id)].sort((a, b) => b.changed_at - a.changed_at);
  }

  drop(id: string): void {
    this.all = this.all.filter((one) => one.thread_id !== id);
  }

  /** Those whose title holds some words. */
  found(words: string): ThreadDocument[] {
    const wanted = words.trim().toLocaleLowerCase();
    return wanted ? this.all.filter((one) => one.title.toLocaleLowerCase().includes(wanted)) : this.all;
  }
}

export const threads = new Threads();
