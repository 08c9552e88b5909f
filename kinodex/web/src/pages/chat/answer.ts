/** The text of an answer, cut where its numbers stand; numbers that a video says are text like any other. */

import type { Citation, Turn } from "./api";

export type Piece = { text: string } | { citations: Citation[] };

const MARKS = /^(?: ?(?:\[\d+\]|\[\d+–\d+\]))+/;

/**
 * The lines of an answer, in pieces. Only what stands right behind a claim is a number of a citation: what somebody says
 * in a video may look like one.
 */
export function paragraphs(turn: Pick<Turn, "lines" | "claims" | "citations">): Piece[][] {
  const whole = turn.lines.join("\n");
  const byNumber = new Map(turn.citations.map((one) => [one.number, one]));
  const pieces: Piece[] = [];
  let at = 0;
  for (const claim of turn.claims) {
    const found = claim.text ? whole.indexOf(claim.text, at) : -1;
    if (found < 0) continue;
    const behind = found + claim.text.length;
    pieces.push({ text: whole.slice(at, behind) });
    at = behind;
    const marks = MARKS.exec(whole.slice(behind));
    if (!marks) continue;
    at += marks[0].length;
    const citations = claim.citations.map((number) => byNumber.get(number)).filter((one) => one !== undefined);
    if (citations.length > 0) pieces.push({ citations });
  }
  if (at < whole.length) pieces.push({ text: whole.slice(at) });
  return byLine(pieces);
}

function byLine(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [[]];
  for (const piece of pieces) {
    if ("citations" in piece) {
      lines.at(-1)?.push(piece);
      continue;
    }
    piece.text.split("\n").forEach((text, i) => {
      if (i > 0) lines.push([]);
      if (text) lines.at(-1)?.push({ text });
    });
  }
  return lines.filter((line) => line.length > 0);
}

/** An answer as text to be pasted elsewhere: its lines, then what they rest on. */
export function copied(turn: Turn, origin: string, clock: (seconds: number) => string): string {
  const sources = turn.citations.map((one) => {
    const quote = one.quote ? ` – ${one.quote}` : "";
    return `[${one.number}] ${one.name} ${clock(one.start)}–${clock(one.end)}${quote} ${origin}${one.link}`;
  });
  return [...turn.lines, ...(sources.length > 0 ? ["", ...sources] : [])].join("\n");
}
