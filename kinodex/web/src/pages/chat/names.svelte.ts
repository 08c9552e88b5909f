/** Names of videos that are known only by their ids. */

import { SvelteMap } from "svelte/reactivity";
import { api } from "../../api/client";

const known = new SvelteMap<string, string>();
const asked = new Set<string>();

export function nameOf(id: string): string {
  return known.get(id) ?? "…";
}

export function learn(names: Record<string, string>): void {
  for (const [id, name] of Object.entries(names)) if (known.get(id) !== name) known.set(id, name);
}

/** Ask for those that are not known; what is gone stays without a name. */
export function wanted(ids: readonly string[]): void {
  for (const id of ids) {
    if (known.has(id) || asked.has(id)) continue;
    asked.add(id);
    api.video(id).then((video) => known.set(id, video.name)).catch(() => known.set(id, id));
  }
}
