/** Short messages at the edge of the page. */

import { Problem, abandoned } from "../api/problem";

export interface Toast {
  id: number;
  tone: "plain" | "good" | "bad";
  text: string;
  hint: string | null;
  action: { label: string; run: () => void } | null;
}

class Toasts {
  shown = $state<Toast[]>([]);
  /** How high they stand together, in pixels: what lies at the lower edge of a wide page makes room for it. */
  height = $state(0);
  #last = 0;

  say(text: string, more: Partial<Omit<Toast, "id" | "text">> = {}, seconds = 6): number {
    const id = ++this.#last;
    this.shown.push({ id, text, tone: more.tone ?? "plain", hint: more.hint ?? null, action: more.action ?? null });
    if (seconds > 0) setTimeout(() => this.dismiss(id), seconds * 1000);
    return id;
  }

  /** Tell of a failure: its message and what to do about it. */
  fail(error: unknown): void {
    if (abandoned(error)) return;
    if (error instanceof Problem) this.say(error.message, { tone: "bad", hint: error.hint }, 10);
    else this.say(error instanceof Error ? error.message : String(error), { tone: "bad" }, 10);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
