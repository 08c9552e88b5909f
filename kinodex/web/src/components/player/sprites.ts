/** Which picture of which sheet shows a time. */

import type { Sprites } from "../../api/types";

export interface Cell {
  url: string;
  column: number;
  row: number;
  /** How many columns and rows this sheet has. */
  columns: number;
  rows: number;
}

/** The tile that is shown at a time: the last one that is not after it. */
export function cellAt(sprites: Sprites, seconds: number): Cell | null {
  if (sprites.tiles === 0) return null;
  let tile = 0;
  while (tile + 1 < sprites.tiles && (sprites.times[tile + 1] ?? Infinity) <= seconds) tile++;
  const sheet = Math.floor(tile / sprites.per_sheet);
  const url = sprites.urls[sheet];
  if (url === undefined) return null;
  const there = Math.min(sprites.per_sheet, sprites.tiles - sheet * sprites.per_sheet);
  const place = tile % sprites.per_sheet;
  return {
    url,
    column: place % sprites.columns,
    row: Math.floor(place / sprites.columns),
    columns: Math.min(sprites.columns, there),
    rows: Math.ceil(there / sprites.columns),
  };
}
