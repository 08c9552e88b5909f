/** Jobs under way, for the pages whose content they change. */

import { json } from "../api/http";
import { Problem } from "../api/problem";
import type { Job } from "../api/types";

const WHILE_RUNNING_MS = 2_000;
const IDLE_MS = 20_000;

class RunningJobs {
  running = $state.raw<Job[]>([]);
  /** Counts jobs that have ended since the page was opened. */
  ended = $state(0);
  #watchers = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #refused = false;

  /** Look for jobs until the returned function is called. */
  watch(): () => void {
    this.#watchers++;
    if (this.#watchers === 1) void this.look();
    return () => {
      this.#watchers--;
      if (this.#watchers === 0 && this.#timer !== null) {
        clearTimeout(this.#timer);
        this.#timer = null;
      }
    };
  }

  async look(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (!document.hidden && !this.#refused) {
      try {
        const found = await json<{ jobs: Job[] }>("GET", "/jobs", { query: { limit: 20 } });
        const now = found.jobs.filter((job) => job.state === "running" || job.state === "queued");
        const gone = this.running.filter((job) => !now.some((other) => other.job_id === job.job_id));
        this.running = now;
        if (gone.length > 0) this.ended++;
      } catch (error) {
        if (error instanceof Problem && (error.status === 403 || error.status === 404)) this.#refused = true;
      }
    }
    if (this.#watchers > 0 && !this.#refused)
      this.#timer = setTimeout(() => void this.look(), this.running.length > 0 ? WHILE_RUNNING_MS : IDLE_MS);
  }
}

export const runningJobs = new RunningJobs();
