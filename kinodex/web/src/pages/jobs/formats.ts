/** The formats of exports, by what people want them for. */

import { t, type Message } from "../../i18n/i18n.svelte";

export type Purpose = "words" | "cuts" | "tables" | "evidence";

interface Group {
  purpose: Purpose;
  title: Message;
  text: Message;
}

export const PURPOSES: readonly Group[] = [
  { purpose: "words", title: "exportWords", text: "exportWordsText" },
  { purpose: "cuts", title: "exportCuts", text: "exportCutsText" },
  { purpose: "tables", title: "exportTables", text: "exportTablesText" },
  { purpose: "evidence", title: "exportEvidence", text: "exportEvidenceText" },
];

/** Each format that has a name of its own: its purpose and what it is. */
const FORMATS: Readonly<Record<string, [Purpose, Message]>> = {
  srt: ["words", "formatSrt"],
  vtt: ["words", "formatVtt"],
  txt: ["words", "formatTxt"],
  "speakers.srt": ["words", "formatSpeakersSrt"],
  "speakers.vtt": ["words", "formatSpeakersVtt"],
  "speakers.txt": ["words", "formatSpeakersTxt"],
  chapters: ["words", "formatChapters"],
  ffmetadata: ["words", "formatFfmetadata"],
  otio: ["cuts", "formatOtio"],
  edl: ["cuts", "formatEdl"],
  fcpxml: ["cuts", "formatFcpxml"],
  fcp7: ["cuts", "formatFcp7"],
  nfo: ["tables", "formatNfo"],
  annotations: ["evidence", "formatAnnotations"],
};

/** What the rows of a table are: `tags.csv`, `tags.parquet`. */
const TABLES: Readonly<Record<string, [Purpose, Message]>> = {
  tags: ["tables", "tableTags"],
  videos: ["tables", "tableVideos"],
  lines: ["tables", "tableLines"],
  moments: ["cuts", "tableMoments"],
  tracklets: ["evidence", "tableTracklets"],
};
const KINDS: Readonly<Record<string, Message>> = { csv: "tableCsv", jsonl: "tableJsonl", parquet: "tableParquet" };

/** What a format is for; one that we know nothing of is a table. */
export function purposeOf(name: string): Purpose {
  return (FORMATS[name] ?? TABLES[name.split(".", 1)[0] ?? ""])?.[0] ?? "tables";
}

/** What a format is, in a few words. */
export function formatName(name: string): string {
  const own = FORMATS[name];
  if (own) return t(own[1]);
  const [table = "", kind = ""] = name.split(".");
  const rows = TABLES[table];
  const form = KINDS[kind];
  return rows && form ? t("labelled", { label: t(rows[1]), value: t(form) }) : name;
}

/** The formats for a purpose, in the order in which they are said here; unknown ones at the end. */
export function formatsFor(purpose: Purpose, names: readonly string[]): string[] {
  const order = [...Object.keys(FORMATS), ...Object.keys(TABLES)];
  const place = (name: string): number => {
    const found = order.indexOf(FORMATS[name] ? name : (name.split(".", 1)[0] ?? ""));
    // Tables stand before what is made for one program.
    return found < 0 ? order.length : name === "nfo" ? order.length - 0.5 : found;
  };
  return names.filter((name) => purposeOf(name) === purpose).sort((a, b) => place(a) - place(b));
}

/** Whether a format is of moments that are looked for: it may be, or must be. */
export const ofMoments = (name: string): "may" | "must" | null => (name.startsWith("moments") ? "must" : purposeOf(name) === "cuts" ? "may" : null);
