import type { video as en } from "../en/video";

export const video = {} satisfies Record<keyof typeof en, string>;
