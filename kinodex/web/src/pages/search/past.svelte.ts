/** What was searched in this browser before. */

import { remember, remembered } from "../../lib/stored";

const MOST = 8;

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(remembered("searched") ?? "[]");
    return Array.isArray(found) ? found.filter((one): one is string => typeof one === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export const past = $state({ queries: kept() });

let waiting: ReturnType<typeof setTimeout> | undefined;

export function searched(query: string): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    past.queries = [query, ...past.queries.filter((one) => one !== query)].slice(0, MOST);
    remember("searched", JSON.stringify(past.queries));
  }, 800);
}

export function forget(): void {
  past.queries = [];
  remember("searched", null);
}
