/** Server-sent events by fetch: from where they were left (`Last-Event-ID`), and again after a lost connection. */

import { onLogin } from "./http";
import { Problem, problemOf } from "./problem";

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Splits a stream of text into events (https://html.spec.whatwg.org/#event-stream-interpretation). */
export class EventParser {
  #rest = "";
  #id: string | null = null;
  #event = "";
  #data: string[] = [];
  /** Milliseconds the server asked to wait before coming again. */
  retry: number | null = null;

  feed(text: string): ServerEvent[] {
    const found: ServerEvent[] = [];
    this.#rest += text;
    let break_: RegExpExecArray | null;
    while ((break_ = /\r\n|\n|\r(?!$)/.exec(this.#rest)) !== null) {
      const line = this.#rest.slice(0, break_.index);
      this.#rest = this.#rest.slice(break_.index + break_[0].length);
      const event = this.#line(line);
      if (event) found.push(event);
    }
    return found;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") {
      const event = this.#data.length ? { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") } : null;
      this.#event = "";
      this.#data = [];
      return event;
    }
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }
}

export interface Following {
  /** Of the last event that is known already. */
  lastId?: string | null;
  signal?: AbortSignal;
  onEvent: (event: ServerEvent) => void | "stop";
  /** Called when the connection is lost (false) and found again (true). */
  onConnected?: (connected: boolean) => void;
}

/**
 * Follow a stream until it tells to stop, is aborted, or the server says it is over (an event of `ends`, 204, an error
 * that will not pass).
 */
export async function follow(url: string, following: Following, ends: readonly string[] = []): Promise<void> {
  let lastId = following.lastId ?? null;
  let failures = 0;
  let over = false;
  while (!following.signal?.aborted) {
    let retry: number | null = null;
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId !== null) headers["Last-Event-ID"] = lastId;
      const answer = await fetch(url, { headers, signal: following.signal ?? null, credentials: "same-origin" });
      if (answer.status === 204) return;
      if (!answer.ok) {
        const problem = await problemOf(answer);
        if (problem.code === "LOGIN_REQUIRED") onLogin.run?.();
        if (answer.status < 500 && answer.status !== 429) throw problem;
        throw new TypeError(problem.message);
      }
      failures = 0;
      following.onConnected?.(true);
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        for (const event of parser.feed(decoder.decode(value, { stream: true }))) {
          if (event.id !== null) lastId = event.id;
          if (following.onEvent(event) === "stop" || ends.includes(event.event)) over = true;
          if (over) break;
        }
        retry = parser.retry;
        if (over) {
          await reader.cancel();
          return;
        }
      }
    } catch (error) {
      if (following.signal?.aborted) return;
      if (error instanceof Problem) throw error;
    }
    following.onConnected?.(false);
    failures++;
    await pause(retry ?? Math.min(500 * 2 ** (failures - 1), 10_000), following.signal);
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}
