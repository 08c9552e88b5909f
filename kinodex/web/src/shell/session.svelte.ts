/** Who one is for the server. */

import { api } from "../api/client";
import type { Me } from "../api/types";

class Session {
  me = $state.raw<Me | null>(null);
  /** Whether one was logged in and is not any more. */
  ended = $state(false);
  /** What made it impossible to know. */
  error = $state.raw<unknown>(null);

  async load(): Promise<void> {
    try {
      this.me = await api.me();
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  /** Whether one may do this ("read", "edit", "admin" and so on); unknown counts as yes: the server decides. */
  may(scope: string): boolean {
    return this.me === null || this.me.everything || this.me.scopes.includes(scope) || this.me.scopes.includes("admin");
  }

  /** Whether one may do what concerns the whole library: only who sees all of it may. */
  mayAll(scope: string): boolean {
    return this.me === null || (this.me.everything && (this.me.scopes.includes(scope) || this.me.scopes.includes("admin")));
  }
}

export const session = new Session();
