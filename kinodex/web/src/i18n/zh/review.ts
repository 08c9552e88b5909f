import type { review as en } from "../en/review";

export const review = {} satisfies Record<keyof typeof en, string>;
