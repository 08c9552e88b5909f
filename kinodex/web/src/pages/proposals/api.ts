/** What is frequent in the videos and covered by no tag. */

import { json } from "../../api/http";
import type { JobCard } from "../jobs/api";
import type { TagName, TagsChanged } from "../vocabulary/api";

export type Status = "open" | "accepted" | "rejected";

export interface ProposalExample {
  video_id: string;
  evidence_id: string;
  text: string;
}

export interface Proposal {
  proposal_id: string;
  name: string;
  /** The name in the reader's language. */
  shown: string;
  /** "tag", or "alias" of the `tag` whose name means nearly the same. */
  kind: string;
  tag: TagName | null;
  likeness: number;
  source: string;
  language: string;
  support: number;
  status: string;
  examples: ProposalExample[];
}

export interface Proposals {
  proposals: Proposal[];
  more: boolean;
}

export interface Acceptance {
  name?: string;
  /** The tag that gets it as an alias; "": it becomes a tag of its own. */
  alias_of?: string;
  facet?: string;
  aliases?: string[];
}

const p = (id: string): string => `/tags/proposals/${encodeURIComponent(id)}`;

export const proposalsApi = {
  list: (status: Status, signal?: AbortSignal) => json<Proposals>("GET", "/tags/proposals", { query: { status, limit: 200 }, ...(signal ? { signal } : {}) }),
  search: (idempotencyKey: string) => json<JobCard>("POST", "/tags/proposals/search", { idempotencyKey }),
  accept: (id: string, how: Acceptance) => json<TagsChanged>("POST", `${p(id)}/accept`, { body: how }),
  reject: (id: string) => json<Proposal>("POST", `${p(id)}/reject`),
  reopen: (id: string) => json<Proposal>("POST", `${p(id)}/reopen`),
};
