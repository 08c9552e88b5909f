/** What waits for a person, and decisions. */

import { json } from "../../api/http";
import type { TagEvidence } from "../../api/types";

export type Verdict = "accepted" | "rejected" | "unsure";

/** Why something is asked: near the threshold, sources apart, a tag of many videos, one that nobody judged, or undecided. */
export type Reason = "near_threshold" | "sources_disagree" | "many_videos" | "new_tag" | "undecided";

export interface ReviewItem {
  video_id: string;
  name: string;
  tag_id: string;
  tag: string;
  /** The name of the tag in the script of the reader's language. */
  shown: string;
  /** What was decided automatically: accepted, rejected, abstained or proposed. */
  state: string;
  score: number;
  /** How near the score is to the threshold from which a tag is accepted. */
  uncertainty: number;
  /** For how many videos something was decided about the tag; null for somebody who does not see all videos. */
  shared: number | null;
  reasons: Reason[];
  evidence: TagEvidence[];
  thumbnail: string | null;
}

export interface ReviewPage {
  items: ReviewItem[];
  left: number;
  next: string | null;
}

export const reviewApi = {
  page: (tag: string | null, after: string | null, limit: number, signal?: AbortSignal) =>
    json<ReviewPage>("GET", "/review", { query: { tag, after, limit }, ...(signal ? { signal } : {}) }),
  decide: (items: readonly ReviewItem[], verdict: Verdict) =>
    json<{ undo: string }>("POST", "/decisions", { body: { decisions: items.map(({ video_id, tag_id }) => ({ video_id, tag_id, verdict })) } }),
  undo: (undo: string) => json<{ decisions: { video_id: string; tag_id: string }[] }>("POST", "/decisions/undo", { body: { undo } }),
};
