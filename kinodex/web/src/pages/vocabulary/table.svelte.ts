/** The tags that fit some filter, of which only blocks that are looked at are read: the list may be long. */

import { abandoned } from "../../api/problem";
import type { Tag } from "../../api/types";
import { vocabularyApi, type Asked } from "./api";

export const BLOCK = 100;

export class TagRows {
  total = $state(0);
  /** Whether the first block was read. */
  known = $state(false);
  error = $state.raw<unknown>(null);
  #blocks = $state.raw<ReadonlyMap<number, Tag[]>>(new Map());
  #asked = new Set<number>();
  #stop = new AbortController();

  constructor(readonly asked: Asked) {}

  /** The tag of a row; undefined while it is being read. */
  at(row: number): Tag | undefined {
    return this.#blocks.get(Math.floor(row / BLOCK))?.[row % BLOCK];
  }

  /** Read the blocks of some rows, unless they are there. */
  want(first: number, last: number): void {
    for (let block = Math.floor(Math.max(0, first) / BLOCK); block <= Math.floor(Math.max(0, last) / BLOCK); block++) {
      if (this.#asked.has(block) || (this.known && block * BLOCK >= Math.max(1, this.total))) continue;
      this.#asked.add(block);
      void this.#read(block);
    }
  }

  /** Read again what is there, without taking it away meanwhile. */
  refresh(): void {
    const blocks = [...this.#asked];
    if (blocks.length > 12) {
      // Far-away ones are read again when they are looked at.
      this.#asked.clear();
      this.#blocks = new Map();
      this.known = false;
      this.want(0, 0);
    } else for (const block of blocks) void this.#read(block);
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(block: number): Promise<void> {
    try {
      const page = await vocabularyApi.page(this.asked, block * BLOCK, BLOCK, this.#stop.signal);
      this.#blocks = new Map(this.#blocks).set(block, page.tags);
      this.total = page.total;
      this.known = true;
      this.error = null;
    } catch (error) {
      this.#asked.delete(block);
      if (!abandoned(error) && !this.known) this.error = error;
    }
  }
}
