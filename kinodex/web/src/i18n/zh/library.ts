import type { library as en } from "../en/library";

export const library = {} satisfies Record<keyof typeof en, string>;
