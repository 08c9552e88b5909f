/** The keys of the app: each page says what its keys do, `?` shows them. */

import { untrack } from "svelte";
import type { Message } from "../i18n/i18n.svelte";

export interface Key {
  /** As `KeyboardEvent.key` says it, "Shift+" before it where it must be held. Several do the same. */
  keys: string[];
  /** How they are shown, where that is shorter. */
  as?: string[];
  label: Message;
  run: (event: KeyboardEvent) => void;
  /** Where it is shown; left out, it is not shown. */
  group?: Message;
  /** Also while a button or link has the focus and would take it (space, enter). */
  always?: boolean;
}

class Keys {
  #sets = $state.raw<Key[][]>([]);

  /** Those that are shown, by group. */
  get shown(): Map<Message, Key[]> {
    const groups = new Map<Message, Key[]>();
    for (const set of this.#sets)
      for (const key of set)
        if (key.group) groups.set(key.group, [...(groups.get(key.group) ?? []), key]);
    return groups;
  }

  /** Add keys until the returned function is called: `$effect(() => keys.use([...]))`. */
  use(set: Key[]): () => void {
    untrack(() => (this.#sets = [...this.#sets, set]));
    return () => {
      untrack(() => (this.#sets = this.#sets.filter((other) => other !== set)));
    };
  }

  start(): void {
    addEventListener("keydown", (event) => this.#pressed(event));
  }

  #pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target as HTMLElement | null;
    if (target && typing(target)) return;
    const name = nameOf(event);
    for (const set of [...this.#sets].reverse())
      for (const key of set) {
        if (!key.keys.includes(name)) continue;
        if (!key.always && (name === " " || name === "Enter") && target?.closest("button, a, summary, [role=option]")) continue;
        event.preventDefault();
        key.run(event);
        return;
      }
  }
}

/** The name of a pressed key: letters in lower case, "Shift+" only before keys that Shift does not change. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const changes = event.key.length === 1 && !/[a-z]/i.test(event.key);
  return event.shiftKey && !changes ? `Shift+${key}` : key;
}

function typing(target: HTMLElement): boolean {
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target.matches("input:not([type=checkbox], [type=radio], [type=button], [type=range])");
}

export const keys = new Keys();
