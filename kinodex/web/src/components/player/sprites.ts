/** Which picture of a sheet shows a time. */

import type { Sprites } from "../../api/types";

export interface Cell {
  url: string;
  x: number;
  y: number;
}

export function cellAt(sprites: Sprites, seconds: number): Cell | null {
  if (sprites.count === 0) return null;
  const index = Math.max(0, Math.min(sprites.count - 1, Math.floor(seconds / sprites.step)));
  const perSheet = sprites.columns * sprites.rows;
  const url = sprites.urls[Math.floor(index / perSheet)];
  if (url === undefined) return null;
  const place = index % perSheet;
  return { url, x: place % sprites.columns, y: Math.floor(place / sprites.columns) };
}
