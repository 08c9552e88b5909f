import type { search as en } from "../en/search";

export const search = {} satisfies Record<keyof typeof en, string>;
