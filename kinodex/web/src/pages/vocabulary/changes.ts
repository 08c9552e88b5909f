/** What follows a change of the vocabulary: it is told with its undo, and the tags are decided at once. */

import { toasts } from "../../components/toasts.svelte";
import { t, tn } from "../../i18n/i18n.svelte";
import { vocabularyApi, type TagsChanged } from "./api";

const MOST = 20;

/**
 * Tell of a change that was made.
 * `again`: shows what is true now; called after the change, after it was decided, and after it was undone.
 * `undone`: what else is to be taken back; `many`: more changed than `done` tells.
 */
export function follow(done: TagsChanged, said: string, again: () => void, more: { undone?: () => Promise<unknown>; many?: boolean } = {}): void {
  again();
  toasts.say(said, { tone: "good", ...(done.undo ? { action: { label: t("undo"), run: () => void undo(done.undo, again, more.undone) } } : {}) }, 12);
  if (more.many) toasts.say(t("vocabularyLater"), { hint: t("vocabularyLaterHint") }, 10);
  else void decide(done, again);
}

/** Decide about active tags that changed, and say how many videos have them now. */
async function decide(done: TagsChanged, again: () => void): Promise<void> {
  const active = done.tags.filter((tag) => tag.status === "active");
  if (active.length === 0) return;
  if (active.length > MOST) return void toasts.say(t("vocabularyLater"), { hint: t("vocabularyLaterHint") }, 10);
  try {
    const { decided } = await vocabularyApi.decide(active.map((tag) => tag.tag_id));
    if (decided === null) return void toasts.say(t("vocabularyLater"), { hint: t("vocabularyLaterHint") }, 10);
    again();
    if (decided.looked_at === 0) return void toasts.say(t("vocabularyDecidedNone"));
    const accepted = decided.tags.map((tag) => tn("vocabularyHave", tag.accepted, { tag: tag.name })).join(" · ");
    const open = decided.tags.reduce((sum, tag) => sum + tag.abstained, 0);
    toasts.say(`${t("vocabularyDecided")} ${accepted}`, { hint: open > 0 ? tn("vocabularyWaits", open) : null }, 10);
  } catch (problem) {
    toasts.fail(problem);
  }
}

async function undo(step: string, again: () => void, undone?: () => Promise<unknown>): Promise<void> {
  try {
    const done = await vocabularyApi.undo(step);
    await undone?.();
    again();
    toasts.say(t("vocabularyUndone"));
    await decide(done, again);
  } catch (problem) {
    toasts.fail(problem);
  }
}
