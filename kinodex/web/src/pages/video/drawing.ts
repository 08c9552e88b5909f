/** The timeline on its canvas. */

import type { NamedStretch, Peaks, Stretch } from "../../api/types";
import { clock } from "../../lib/time";
import { tickStep, type Window } from "./scale";

export interface Palette {
  ink: string;
  line: string;
  head: string;
  scene: string;
  scene2: string;
  speech: string;
  screen: string;
  object: string;
  person: string;
  voice: string;
  noise: string;
  sound: string;
  played: string;
  font: string;
}

export interface Lane {
  kind: "wave" | "scenes" | "bars" | "stacked" | "named";
  top: number;
  height: number;
  items: readonly (Stretch | NamedStretch)[];
  color: keyof Palette;
}

export interface Drawing {
  lanes: readonly Lane[];
  peaks: Peaks | null;
  view: Window;
  width: number;
  height: number;
  ruler: number;
  time: number;
  hover: number | null;
}

export function draw(canvas: HTMLCanvasElement, what: Drawing, palette: Palette): void {
  const scale = window.devicePixelRatio || 1;
  const pixels = { width: Math.round(what.width * scale), height: Math.round(what.height * scale) };
  if (canvas.width !== pixels.width || canvas.height !== pixels.height) Object.assign(canvas, pixels);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, what.width, what.height);
  const length = what.view.end - what.view.start;
  const x = (time: number): number => ((time - what.view.start) / length) * what.width;
  ruler(context, what, palette, x);
  for (const lane of what.lanes) {
    if (lane.kind === "wave") wave(context, lane, what, palette, x);
    else if (lane.kind === "stacked") stacked(context, lane, what, palette, x);
    else bars(context, lane, what, palette, x);
  }
  if (what.hover !== null) line(context, what.hover, what.height, palette.ink, 1);
  const head = x(what.time);
  if (head >= -1 && head <= what.width + 1) {
    line(context, head, what.height, palette.head, 2);
    context.beginPath();
    context.moveTo(head - 5, 0);
    context.lineTo(head + 5, 0);
    context.lineTo(head, 7);
    context.fill();
  }
}

type At = (time: number) => number;

function line(context: CanvasRenderingContext2D, x: number, height: number, color: string, width: number): void {
  context.fillStyle = color;
  context.fillRect(Math.round(x - width / 2), 0, width, height);
}

function ruler(context: CanvasRenderingContext2D, what: Drawing, palette: Palette, x: At): void {
  const step = tickStep(what.view, what.width);
  context.font = `10px ${palette.font}`;
  context.textBaseline = "top";
  const first = Math.ceil(what.view.start / step - 1e-9);
  for (let i = first; i * step <= what.view.end + 1e-9; i++) {
    const time = i * step;
    const at = Math.round(x(time));
    context.fillStyle = palette.line;
    context.fillRect(at, 14, 1, what.height - 14);
    context.fillStyle = palette.ink;
    const label = clock(time, step < 1 ? 1 : 0);
    const room = context.measureText(label).width;
    context.fillText(label, Math.max(0, Math.min(what.width - room, at - room / 2)), 2);
  }
}

function wave(context: CanvasRenderingContext2D, lane: Lane, what: Drawing, palette: Palette, x: At): void {
  const peaks = what.peaks;
  if (!peaks || peaks.peaks.length === 0) return;
  const middle = lane.top + lane.height / 2;
  const count = peaks.peaks.length;
  const per = peaks.step > 0 ? peaks.step : peaks.seconds / count;
  const length = what.view.end - what.view.start;
  const played = x(what.time);
  // Quiet recordings are shown as high as loud ones; silence stays silence.
  const loudest = Math.max(0.05, peaks.peaks.reduce((most, [down = 0, up = 0]) => Math.max(most, up, -down), 0));
  for (let pixel = 0; pixel < what.width; pixel += 2) {
    const from = Math.floor((what.view.start + (pixel / what.width) * length) / per);
    const to = Math.max(from + 1, Math.ceil((what.view.start + ((pixel + 2) / what.width) * length) / per));
    let low = 0;
    let high = 0;
    for (let i = Math.max(0, from); i < Math.min(count, to); i++) {
      const [down = 0, up = 0] = peaks.peaks[i] as number[];
      low = Math.min(low, down);
      high = Math.max(high, up);
    }
    const above = Math.max(0.5, (Math.min(1, high / loudest) * lane.height) / 2);
    const below = Math.max(0.5, (Math.min(1, -low / loudest) * lane.height) / 2);
    context.fillStyle = pixel < played ? palette.played : palette.sound;
    context.globalAlpha = pixel < played ? 0.9 : 0.55;
    context.fillRect(pixel, middle - above, 1.4, above + below);
  }
  context.globalAlpha = 1;
}

function bars(context: CanvasRenderingContext2D, lane: Lane, what: Drawing, palette: Palette, x: At): void {
  lane.items.forEach((item, i) => {
    const left = x(item.start);
    const right = x(item.end);
    if (right < 0 || left > what.width) return;
    context.fillStyle = lane.kind === "scenes" ? (i % 2 === 0 ? palette.scene : palette.scene2) : palette[lane.color];
    const wide = Math.max(1.5, right - left - (lane.kind === "scenes" ? 1 : 0));
    round(context, left, lane.top, wide, lane.height, lane.kind === "scenes" ? 1 : 2);
    if (lane.kind === "named" && "name" in item) name(context, item, left, wide, lane.top, lane.height, palette);
  });
}

function stacked(context: CanvasRenderingContext2D, lane: Lane, what: Drawing, palette: Palette, x: At): void {
  // Those that overlap lie below each other, as far as there is room.
  const rows = 3;
  const high = lane.height / rows;
  const ends = new Array<number>(rows).fill(-Infinity);
  for (const item of lane.items) {
    let row = ends.findIndex((end) => end <= item.start);
    if (row < 0) row = ends.indexOf(Math.min(...ends));
    ends[row] = item.end;
    const left = x(item.start);
    const right = x(item.end);
    if (right < 0 || left > what.width) continue;
    context.globalAlpha = 0.8;
    context.fillStyle = palette[lane.color];
    round(context, left, lane.top + row * high, Math.max(2, right - left - 1), high - 1.5, 1.5);
  }
  context.globalAlpha = 1;
}

function name(context: CanvasRenderingContext2D, item: NamedStretch, left: number, wide: number, top: number, high: number, palette: Palette): void {
  if (wide < 34) return;
  context.save();
  context.beginPath();
  context.rect(left, top, wide - 3, high);
  context.clip();
  context.font = `10px ${palette.font}`;
  context.textBaseline = "middle";
  context.fillStyle = "#fff";
  context.fillText(item.name, Math.max(left, 0) + 4, top + high / 2 + 0.5);
  context.restore();
}

function round(context: CanvasRenderingContext2D, left: number, top: number, wide: number, high: number, radius: number): void {
  context.beginPath();
  context.roundRect(left, top, wide, high, radius);
  context.fill();
}
