/** Requests to the server this page came from; every failure is a `Problem`. */

import { i18n } from "../i18n/i18n.svelte";
import { Problem, problemOf } from "./problem";

export type QueryValue = string | number | boolean | null | undefined | readonly string[];

export interface Options {
  query?: Record<string, QueryValue>;
  body?: unknown;
  form?: FormData;
  /** A file that is sent as it is. */
  file?: Blob;
  signal?: AbortSignal;
  /** Makes a repeated request count once. */
  idempotencyKey?: string;
}

const BASE = "/api/v1";

/** Called when the server asks for a login. */
export const onLogin: { run: (() => void) | null } = { run: null };

export function address(path: string, query: Record<string, QueryValue> = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (Array.isArray(value)) for (const one of value) params.append(key, one);
    else params.set(key, String(value));
  }
  const text = params.toString();
  return BASE + path + (text ? `?${text}` : "");
}

export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  // What was recognised and tagged comes in the language of the page.
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": i18n.locale };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  let answer: Response;
  try {
    answer = await fetch(address(path, options.query), {
      method,
      headers,
      body: options.form ?? options.file ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal: options.signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "OFFLINE", "The server does not answer.");
  }
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (problem.code === "LOGIN_REQUIRED") onLogin.run?.();
    throw problem;
  }
  return answer;
}

export async function json<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const answer = await send(method, path, options);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

/** A key for a request that may be sent twice. */
export function idempotencyKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
