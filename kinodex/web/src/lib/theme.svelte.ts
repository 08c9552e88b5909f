/** Light, dark, or as the system is. */

import { remember, remembered } from "./stored";

export type Theme = "system" | "light" | "dark";

class Themes {
  chosen = $state<Theme>("system");
  /** Counts changes of what is shown, for what is drawn on a canvas. */
  version = $state(0);

  start(): void {
    const kept = remembered("theme");
    this.chosen = kept === "light" || kept === "dark" ? kept : "system";
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.version++);
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    remember("theme", theme === "system" ? null : theme);
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    this.version++;
  }
}

export const themes = new Themes();
