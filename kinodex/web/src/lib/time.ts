/** Times of a video as people read them. */

/** 75.5 → "1:15"; hours only where there are any; with decimals where asked for. */
export function clock(seconds: number, decimals = 0): string {
  const scale = 10 ** decimals;
  const units = Math.floor(Math.max(0, seconds) * scale + 1e-6);
  const whole = Math.floor(units / scale);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  const fraction = decimals > 0 ? `.${String(units % scale).padStart(decimals, "0")}` : "";
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}${fraction}` : `${minutes}:${rest}${fraction}`;
}

/** "0:12 – 0:19". */
export function span(start: number, end: number): string {
  return `${clock(start)} – ${clock(end)}`;
}

/** A start time out of an address: seconds ("12.5"), or "1m2s", or "1:02"; null where it is none. */
export function parseTime(text: string | null): number | null {
  if (!text) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const colons = /^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/.exec(text);
  if (colons) return Number(colons[1] ?? 0) * 3600 + Number(colons[2]) * 60 + Number(colons[3]);
  const units = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text);
  if (units) return Number(units[1] ?? 0) * 3600 + Number(units[2] ?? 0) * 60 + Number(units[3] ?? 0);
  return null;
}

/** Seconds as they stand in an address: at most milliseconds, no needless zeros. */
export function addressTime(seconds: number): string {
  return String(Math.round(Math.max(0, seconds) * 1000) / 1000);
}
