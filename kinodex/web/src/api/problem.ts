/** What went wrong with a request: the problem details (RFC 9457) of the server. */

import { faultText } from "../i18n/faults";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    title: string,
    readonly hint: string | null = null,
  ) {
    super(title);
    this.name = "Problem";
  }

  /** Whether the server could not be reached at all. */
  get offline(): boolean {
    return this.status === 0;
  }
}

/** The problem of an answer that is not ok. */
export async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { code?: string; title?: string; hint?: string | null; detail?: unknown };
    const detail = typeof body.detail === "string" ? body.detail : null;
    const code = body.code ?? String(answer.status);
    return new Problem(answer.status, code, faultText(code, body.title ?? detail ?? answer.statusText), body.hint ?? null);
  } catch {
    return new Problem(answer.status, String(answer.status), answer.statusText || `HTTP ${answer.status}`);
  }
}

/** Whether an error says only that a request was given up. */
export function abandoned(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
