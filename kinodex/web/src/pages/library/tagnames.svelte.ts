/** Names of tags by id, for filters that came by an address. */

import { json } from "../../api/http";
import type { Tag } from "../../api/types";

class TagNames {
  names = $state<Record<string, string>>({});

  async know(tagId: string): Promise<void> {
    if (this.names[tagId] !== undefined) return;
    try {
      const tag = await json<Tag>("GET", `/tags/${encodeURIComponent(tagId)}`);
      this.names[tagId] = tag.shown;
    } catch {
      // It then goes by its id.
    }
  }
}

export const tagNames = new TagNames();
