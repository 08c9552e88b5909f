/** The job that looks for proposals: ordered here or found under way, and followed to its end. */

import { follow } from "../../api/events";
import { idempotencyKey } from "../../api/http";
import { active, jobsApi, type JobCard } from "../jobs/api";
import { changeBy } from "../jobs/jobs.svelte";
import { proposalsApi } from "./api";

export class Searching {
  /** The one under way; null for none. */
  job = $state.raw<JobCard | null>(null);
  #closed = new AbortController();
  #key = idempotencyKey();
  #onended: (job: JobCard) => void;

  constructor(onended: (job: JobCard) => void) {
    this.#onended = onended;
  }

  /** Go on with one that is under way: the page may have been left meanwhile. */
  async find(): Promise<void> {
    const page = await jobsApi.page(null, this.#closed.signal).catch(() => null);
    const found = page?.jobs.find((job) => job.kind === "propose" && active(job));
    if (found && this.job === null) await this.#follow(found);
  }

  async begin(): Promise<void> {
    const job = await proposalsApi.search(this.#key);
    this.#key = idempotencyKey();
    await this.#follow(job);
  }

  async cancel(): Promise<void> {
    if (this.job) this.#change(await jobsApi.cancel(this.job.job_id));
  }

  close(): void {
    this.#closed.abort();
  }

  #change(change: Partial<JobCard>): void {
    if (this.job) this.job = { ...this.job, ...change };
  }

  async #follow(job: JobCard): Promise<void> {
    if (this.job?.job_id === job.job_id) return;
    this.job = job;
    const { signal } = this.#closed;
    try {
      await follow(job.events, { signal, onEvent: (event) => {
        if (event.event === "error") return "stop";
        this.#change(changeBy(event.event, event.data) ?? {});
        return;
      } }, ["ended"]);
      if (!signal.aborted) this.#onended(await jobsApi.job(job.job_id, signal));
    } finally {
      this.job = null;
    }
  }
}
