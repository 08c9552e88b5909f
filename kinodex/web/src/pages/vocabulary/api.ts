/** The vocabulary: tags, what changes them, and what happened to them. */

import { address, json } from "../../api/http";
import { Problem } from "../../api/problem";
import type { Tag } from "../../api/types";
import { faultText } from "../../i18n/faults";

/** A tag by its own name, whatever the language of the page. */
export interface TagName {
  tag_id: string;
  name: string;
}

export interface TagValues extends TagName {
  facet: string;
  aliases: string[];
  parent: string;
  language: string;
  status: string;
}

export interface TagsChanged {
  tags: TagValues[];
  removed: string[];
  /** How many decisions were moved, removed or made. */
  decisions: number;
  undo: string;
}

export interface NewTag {
  name: string;
  facet: string;
  aliases: string[];
  parent: string;
  language?: string;
}

export interface Asked {
  q: string;
  facet: string | null;
  status: string;
  sort: string;
}

export interface Facets {
  facets: { facet: string; tags: number }[];
  active: number;
  retired: number;
}

export interface TagPage {
  tags: Tag[];
  total: number;
}

export interface DecidedAtOnce {
  decided: { looked_at: number; tags: (TagName & { accepted: number; abstained: number })[] } | null;
}

export interface TagChange {
  action: string;
  by: string;
  /** Seconds since 1970. */
  at: number;
  before: TagValues | null;
  after: TagValues | null;
  differs: string[];
  undone_at: number | null;
  undo: string;
}

export interface TagHistory {
  changes: TagChange[];
  decisions: { video_id: string; before: string; after: string; by: string; at: number }[];
}

export interface Duplicate {
  first: TagName;
  second: TagName;
  why: "name" | "meaning";
  shared: string;
  likeness: number;
}

export interface Duplicates {
  duplicates: Duplicate[];
  more: boolean;
  /** Names whose meaning is not known yet. */
  left: number;
}

export interface Imported {
  added: number;
  updated: number;
  unchanged: number;
  remarks: string[];
  changes: { what: string; tag_id: string; name: string; differs: string[] }[];
  undo: string;
}

export interface TaggedVideo {
  video_id: string;
  name: string;
  score: number;
  by: string;
}

const t = (id: string): string => `/tags/${encodeURIComponent(id)}`;
const ask = (signal?: AbortSignal) => (signal ? { signal } : {});

/** Ids of tags at whose addresses something else is: they are asked for in the list. */
const TAKEN = ["facets", "export", "duplicates", "proposals"];

/** One tag, with all that is broader (or the parent, where its address is taken). */
export async function oneTag(id: string, signal?: AbortSignal): Promise<Tag> {
  if (!TAKEN.includes(id)) return json<Tag>("GET", t(id), ask(signal));
  const { tags: [found] } = await json<TagPage>("GET", "/tags", { query: { tag_id: id }, ...ask(signal) });
  if (!found) throw new Problem(404, "NOT_FOUND", faultText("NOT_FOUND", id));
  return found;
}

export const vocabularyApi = {
  page: (asked: Partial<Asked>, skip: number, limit: number, signal?: AbortSignal) => json<TagPage>("GET", "/tags", { query: { ...asked, skip: skip || null, limit }, ...ask(signal) }),
  facets: (signal?: AbortSignal) => json<Facets>("GET", "/tags/facets", ask(signal)),
  tag: oneTag,
  below: (id: string, signal?: AbortSignal) => json<TagPage>("GET", "/tags", { query: { parent: id, limit: 50 }, ...ask(signal) }),
  videos: (id: string, signal?: AbortSignal) => json<{ videos: TaggedVideo[]; next: string | null }>("GET", `${t(id)}/videos`, { query: { limit: 12 }, ...ask(signal) }),
  history: (id: string, signal?: AbortSignal) => json<TagHistory>("GET", `${t(id)}/history`, { query: { limit: 50 }, ...ask(signal) }),
  add: (tag: NewTag) => json<TagsChanged>("POST", "/tags", { body: tag }),
  edit: (id: string, tag: NewTag) => json<TagsChanged>("PATCH", t(id), { body: tag }),
  merge: (id: string, sources: string[]) => json<TagsChanged>("POST", `${t(id)}/merge`, { body: { sources } }),
  split: (id: string, parts: { name: string; aliases: string[] }[], retire: boolean) => json<TagsChanged>("POST", `${t(id)}/split`, { body: { parts, retire } }),
  retire: (ids: string[]) => json<TagsChanged>("POST", "/tags/retire", { body: { tag_ids: ids } }),
  restore: (ids: string[]) => json<TagsChanged>("POST", "/tags/restore", { body: { tag_ids: ids } }),
  remove: (id: string) => json<TagsChanged>("DELETE", t(id)),
  undo: (undo: string) => json<TagsChanged>("POST", "/tags/undo", { body: { undo } }),
  decide: (ids: string[]) => json<DecidedAtOnce>("POST", "/tags/decide", { body: { tag_ids: ids } }),
  duplicates: (meaning: boolean, signal?: AbortSignal) => json<Duplicates>("GET", "/tags/duplicates", { query: { meaning: meaning || null, limit: 200 }, ...ask(signal) }),
  importFile: (file: File, dryRun: boolean) => json<Imported>("POST", "/tags/import", { file, query: { name: file.name, dry_run: dryRun || null } }),
  exportUrl: (form: string) => address("/tags/export", { form }),
};

/** Names as they are typed: separated by commas, semicolons or lines, Chinese ones, too. */
export const namesOf = (text: string): string[] => text.split(/[,，;；、\n]/).map((one) => one.trim()).filter(Boolean);
