/** Which part of a video a timeline shows, and where in it a time is. */

export interface Window {
  start: number;
  end: number;
}

const SHORTEST = 2;

/** `factor` < 1 zooms in, > 1 out; the time `around` stays where it is. */
export function zoomed(window: Window, total: number, factor: number, around: number): Window {
  const length = window.end - window.start;
  const wanted = Math.max(Math.min(SHORTEST, total), Math.min(total, length * factor));
  const part = length > 0 ? (around - window.start) / length : 0.5;
  return within({ start: around - part * wanted, end: around + (1 - part) * wanted }, total);
}

/** The same length, moved. */
export function moved(window: Window, total: number, seconds: number): Window {
  return within({ start: window.start + seconds, end: window.end + seconds }, total);
}

/** A window that lies within the video. */
export function within(window: Window, total: number): Window {
  const length = Math.min(window.end - window.start, total);
  const start = Math.max(0, Math.min(window.start, total - length));
  return { start, end: start + length };
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Seconds between two marks, so that they stand at least `apart` pixels from each other. */
export function tickStep(window: Window, width: number, apart = 78): number {
  const least = ((window.end - window.start) / Math.max(1, width)) * apart;
  return STEPS.find((step) => step >= least) ?? 14400;
}
