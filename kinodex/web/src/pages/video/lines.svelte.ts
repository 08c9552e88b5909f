/** The lines of a video of one kind, all pages of them; and where in them one is. */

import { api } from "../../api/client";
import { abandoned } from "../../api/problem";
import type { Line, LineKind } from "../../api/types";

/** The last line that has begun at a time, by sorted lines; -1 before the first. */
export function lineAt(lines: readonly Pick<Line, "start">[], time: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const half = (low + high) >> 1;
    if ((lines[half] as Pick<Line, "start">).start <= time + 0.001) low = half + 1;
    else high = half;
  }
  return low - 1;
}

/** How a text is compared: without case, width or accents that people leave out. */
export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** A text in parts, those that were looked for marked; the whole as one part where folding would move letters. */
export function partsOf(text: string, needle: string): { text: string; hit: boolean }[] {
  const wanted = folded(needle);
  const hay = folded(text);
  if (!wanted || hay.length !== text.length) return [{ text, hit: wanted !== "" && hay.includes(wanted) }];
  const parts: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (let at = hay.indexOf(wanted); at >= 0; at = hay.indexOf(wanted, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false });
    parts.push({ text: text.slice(at, at + wanted.length), hit: true });
    from = at + wanted.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), hit: false });
  return parts;
}

export class Lines {
  lines = $state.raw<Line[]>([]);
  known = $state(false);
  error = $state.raw<unknown>(null);
  #asked = new AbortController();
  #begun = false;

  constructor(readonly videoId: string, readonly kind: LineKind) {}

  async load(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    this.error = null;
    try {
      let next: string | null = null;
      const all: Line[] = [];
      do {
        const page = await api.lines(this.videoId, this.kind, next, { signal: this.#asked.signal });
        all.push(...page.lines);
        this.lines = [...all];
        next = page.next;
      } while (next !== null);
      this.known = true;
    } catch (error) {
      this.#begun = false;
      if (!abandoned(error)) this.error = error;
    }
  }

  replace(line: Line): void {
    this.lines = this.lines.map((other) => (other.evidence_id === line.evidence_id ? line : other));
  }

  stop(): void {
    this.#asked.abort();
  }
}
