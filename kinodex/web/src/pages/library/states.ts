/** What the states of a video are called, and how they look. */

import type { Message } from "../../i18n/i18n.svelte";

export const STATES: Record<string, Message> = {
  done: "libraryStateDone",
  partial: "libraryStatePartial",
  unfinished: "libraryStateUnfinished",
  pending: "libraryStatePending",
  failed: "libraryStateFailed",
  quarantined: "libraryStateQuarantined",
};

export const TONES: Record<string, "plain" | "warn" | "bad" | "good"> = {
  partial: "warn",
  unfinished: "warn",
  pending: "plain",
  failed: "bad",
  quarantined: "bad",
};
