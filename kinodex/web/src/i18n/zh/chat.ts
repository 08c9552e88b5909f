import type { chat as en } from "../en/chat";

export const chat = {} satisfies Record<keyof typeof en, string>;
