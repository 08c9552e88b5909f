/** First questions, made of what the library holds. */

import type { VideoCard } from "../../api/types";
import type { Message, Values } from "../../i18n/i18n.svelte";

export interface Known {
  videos: readonly Pick<VideoCard, "name" | "tags" | "languages">[];
  /** Whether only these are asked about. */
  narrowed: boolean;
}

/** At most four: about tags that videos have, about one in which somebody speaks, about one as a whole. */
export function suggestions(known: Known, t: (message: Message, values?: Values) => string): string[] {
  const { videos, narrowed } = known;
  const tags = [...new Map(videos.flatMap((video) => video.tags).map((tag) => [tag.tag_id, tag.shown])).values()];
  const spoken = videos.find((video) => video.languages.length > 0);
  const other = videos.find((video) => video !== spoken) ?? spoken;
  const asked: string[] = [];
  const [first, second] = tags;
  if (first) asked.push(t(narrowed ? "chatTryWhen" : "chatTryWhich", { tag: first }));
  if (second && !narrowed) asked.push(t("chatTryCount", { tag: second }));
  if (spoken) asked.push(t("chatTrySaid", { name: spoken.name }));
  if (other) asked.push(t("chatTryWhat", { name: other.name }));
  return asked.slice(0, 4);
}
