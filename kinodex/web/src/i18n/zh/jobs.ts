import type { jobs as en } from "../en/jobs";

export const jobs = {} satisfies Record<keyof typeof en, string>;
