/** The words of the interface, in English and Chinese. */

import { remember, remembered } from "../lib/stored";
import { en } from "./en";
import { zh } from "./zh";

export type Locale = "en" | "zh";
export type Message = keyof typeof en;
export type Values = Record<string, string | number>;

/** Messages that are counted: those with a form for one and a form for many. */
export type Counted = Message extends infer M ? (M extends `${infer Base}.other` ? Base : never) : never;

export const TABLES: Record<Locale, Record<Message, string>> = { en, zh };

/** The language of a browser that has chosen none. */
export function localeOf(languages: readonly string[]): Locale {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return "zh";
    if (/^en\b/i.test(language)) return "en";
  }
  return "en";
}

export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}

class I18n {
  locale = $state<Locale>("en");

  start(): void {
    const kept = remembered("locale");
    this.locale = kept === "en" || kept === "zh" ? kept : localeOf(navigator.languages);
    document.documentElement.lang = this.locale;
  }

  /** The page begins anew: what the server sent is in the language before. */
  choose(locale: Locale): void {
    if (locale === this.locale) return;
    remember("locale", locale);
    location.reload();
  }

  get tag(): string {
    return this.locale === "zh" ? "zh-CN" : "en-GB";
  }
}

export const i18n = new I18n();

/** A message, with its {values}. */
export function t(message: Message, values?: Values): string {
  return fill(TABLES[i18n.locale][message], values);
}

/** A message about n things: `{n}` is the number as the language writes it. */
export function tn(message: Counted, n: number, values?: Values): string {
  const one = i18n.locale === "en" && n === 1;
  return t(`${message}.${one ? "one" : "other"}` as Message, { n: number(n), ...values });
}

export function number(n: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(i18n.tag, options).format(n);
}

/** A date, short, with the time of day where asked for. */
export function date(iso: string | number | Date, time = false): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium" };
  if (time) options.timeStyle = "short";
  return new Intl.DateTimeFormat(i18n.tag, options).format(new Date(iso));
}

/** The name of a language by its code. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([i18n.tag], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** An amount of bytes. */
export function bytes(n: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let size = n;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const name = units[unit] as string;
  return number(size, { style: "unit", unit: name, unitDisplay: unit === 0 ? "long" : "short", maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0 });
}
