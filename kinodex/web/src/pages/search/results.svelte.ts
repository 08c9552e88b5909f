/** What a search found; kept, so that going back shows it at once and where it was. */

import { api, type SearchAsk } from "../../api/client";
import { abandoned } from "../../api/problem";
import type { SearchAnswer } from "../../api/types";

const KEPT = 12;

export class Results {
  answer = $state.raw<SearchAnswer | null>(null);
  loading = $state(false);
  error = $state.raw<unknown>(null);
  #asked: AbortController | null = null;

  constructor(readonly ask: SearchAsk) {}

  async load(): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.loading = true;
    this.error = null;
    try {
      this.answer = await api.search(this.ask, { signal: asked.signal });
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    } finally {
      if (this.#asked === asked) this.loading = false;
    }
  }

  stop(): void {
    if (this.answer === null) this.#asked?.abort();
  }
}

const kept = new Map<string, Results>();

export function resultsOf(ask: SearchAsk): Results {
  const name = JSON.stringify(ask);
  const results = kept.get(name) ?? new Results(ask);
  kept.delete(name);
  kept.set(name, results);
  while (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
  return results;
}
