/** Where in the app one is: by the History API, with the scroll position of each entry. */

export type Page = "library" | "search" | "video" | "chat" | "review" | "people" | "vocabulary" | "proposals" | "jobs" | "settings" | "login" | "unknown";

export interface Place {
  page: Page;
  /** What the path names: a video id, a thread id, a part of the settings. */
  id: string | null;
}

export interface Location extends Place {
  path: string;
  query: URLSearchParams;
}

const PAGES: [RegExp, Page][] = [
  [/^\/$/, "library"],
  [/^\/search$/, "search"],
  [/^\/videos\/([^/]+)$/, "video"],
  [/^\/chat(?:\/([^/]+))?$/, "chat"],
  [/^\/review$/, "review"],
  [/^\/people(?:\/([^/]+))?$/, "people"],
  [/^\/vocabulary(?:\/([^/]+))?$/, "vocabulary"],
  [/^\/proposals$/, "proposals"],
  [/^\/jobs(?:\/([^/]+))?$/, "jobs"],
  [/^\/settings(?:\/([^/]+))?$/, "settings"],
  [/^\/login$/, "login"],
];

/** Which page a path names. */
export function placeOf(path: string): Place {
  const clean = path.length > 1 ? path.replace(/\/+$/, "") : path;
  for (const [pattern, page] of PAGES) {
    const found = pattern.exec(clean);
    if (found) {
      const id = found[1];
      return { page, id: id === undefined ? null : safeDecode(id) };
    }
  }
  return { page: "unknown", id: null };
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A path with a query; what is null, undefined or empty is left out, lists are repeated. */
export function href(
  path: string,
  query: Record<string, string | number | boolean | null | undefined | readonly string[]> = {},
): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "" || value === false) continue;
    if (Array.isArray(value)) for (const one of value) params.append(key, one);
    else params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

function here(): Location {
  const path = window.location.pathname;
  return { ...placeOf(path), path, query: new URLSearchParams(window.location.search) };
}

interface Entry {
  key: string;
}

const SCROLLS = "kinodex.scrolls";
const KEPT = 60;

class Router {
  location = $state.raw<Location>({ page: "library", id: null, path: "/", query: new URLSearchParams() });
  /** The key of the history entry: the same again after going back to it. */
  key = $state("");
  /** Whether one came here by back or forward. */
  returned = false;

  #scrolls = new Map<string, number>();
  #wanted: number | null = null;

  start(): void {
    history.scrollRestoration = "manual";
    try {
      this.#scrolls = new Map(JSON.parse(sessionStorage.getItem(SCROLLS) ?? "[]") as [string, number][]);
    } catch {
      this.#scrolls = new Map();
    }
    const entry = history.state as Entry | null;
    this.key = entry?.key ?? newKey();
    if (!entry) history.replaceState({ key: this.key }, "");
    else this.returned = true;
    this.#wanted = this.#scrolls.get(this.key) ?? null;
    this.location = here();
    addEventListener("popstate", (event) => {
      this.#keep();
      this.key = (event.state as Entry | null)?.key ?? newKey();
      this.returned = true;
      this.#wanted = this.#scrolls.get(this.key) ?? 0;
      this.location = here();
    });
    addEventListener("pagehide", () => this.#keep());
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  /** Go to an address of the app. */
  go(url: string, options: { replace?: boolean; scroll?: boolean } = {}): void {
    if (options.replace) {
      history.replaceState({ key: this.key }, "", url);
    } else {
      this.#keep();
      this.key = newKey();
      history.pushState({ key: this.key }, "", url);
      this.returned = false;
      this.#wanted = options.scroll === false ? null : 0;
    }
    this.location = here();
  }

  /** Change some of the query and stay on the page. */
  setQuery(change: Record<string, string | number | boolean | null | undefined | readonly string[]>, replace = true): void {
    const query = new URLSearchParams(this.location.query);
    for (const [key, value] of Object.entries(change)) {
      query.delete(key);
      if (value === null || value === undefined || value === "" || value === false) continue;
      if (Array.isArray(value)) for (const one of value) query.append(key, one);
      else query.set(key, String(value));
    }
    const text = query.toString();
    this.go(text ? `${this.location.path}?${text}` : this.location.path, { replace, scroll: false });
  }

  /** Scroll to where this entry was left, as soon as the page is high enough; called when a page has its content. */
  restoreScroll(): void {
    if (this.#wanted === null) return;
    const y = this.#wanted;
    const limit = document.documentElement.scrollHeight - window.innerHeight;
    window.scrollTo(0, y);
    if (y <= limit + 1) this.#wanted = null;
  }

  #keep(): void {
    this.#scrolls.delete(this.key);
    this.#scrolls.set(this.key, Math.round(window.scrollY));
    while (this.#scrolls.size > KEPT) this.#scrolls.delete(this.#scrolls.keys().next().value as string);
    try {
      sessionStorage.setItem(SCROLLS, JSON.stringify([...this.#scrolls]));
    } catch {
      // Without storage, positions last as long as the page.
    }
  }

  #clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = (event.target as Element | null)?.closest?.("a[href]") as HTMLAnchorElement | null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
    if (link.pathname.startsWith("/api/") || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

function newKey(): string {
  return Math.random().toString(36).slice(2, 10);
}

export const router = new Router();
