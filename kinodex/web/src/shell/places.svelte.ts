/** Where each page was left, so that the rail leads back to it: filters and questions are part of the address. */

import type { Page } from "../lib/router.svelte";

export const lastPlaces = $state<Partial<Record<Page, string>>>({});
