/** Names of tags by id, for filters that came by an address. */

import { oneTag } from "../vocabulary/api";

class TagNames {
  names = $state<Record<string, string>>({});

  async know(tagId: string): Promise<void> {
    if (this.names[tagId] !== undefined) return;
    try {
      const tag = await oneTag(tagId);
      this.names[tagId] = tag.shown;
    } catch {
      // It then goes by its id.
    }
  }
}

export const tagNames = new TagNames();
