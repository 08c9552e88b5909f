/** Jobs and what failed, as they change: each job under way is followed by its events, also over a restart of the server. */

import { SvelteMap } from "svelte/reactivity";
import { follow } from "../../api/events";
import { abandoned } from "../../api/problem";
import { active, jobsApi, type Failure, type JobCard, type JobDetail } from "./api";

const LOOK_MS = 8_000;
const FEW_FAILURES = 50;

export class JobList {
  jobs = $state.raw<JobCard[]>([]);
  next = $state<string | null>(null);
  loaded = $state(false);
  error = $state.raw<unknown>(null);
  failures = $state.raw<Failure[]>([]);
  failed = $state(0);
  moreFailures = $state<string | null>(null);
  /** Whether the connection is lost. */
  lost = $state(false);
  /** Why jobs are not done; null if they are. */
  worker = $state.raw<unknown>(null);
  details = new SvelteMap<string, JobDetail>();
  #ended = new AbortController();
  #followed = new Map<string, string | null>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  async load(): Promise<void> {
    await Promise.all([this.#read(), this.readFailures(), this.#ask()]);
    this.loaded = true;
    this.#later();
  }

  #later(): void {
    if (this.#ended.signal.aborted) return;
    this.#timer = setTimeout(() => {
      if (document.hidden) this.#later();
      else void this.#read().then(() => this.#later());
    }, LOOK_MS);
  }

  async #read(): Promise<void> {
    try {
      const page = await jobsApi.page(null, this.#ended.signal);
      const older = this.jobs.filter((one) => !page.jobs.some((other) => other.job_id === one.job_id));
      const least = page.jobs.at(-1)?.created_at ?? 0;
      const kept = older.filter((one) => one.created_at < least);
      if (kept.length === 0) this.next = page.next;
      this.jobs = [...page.jobs, ...kept];
      this.error = null;
      this.lost = false;
      for (const job of page.jobs) if (active(job)) this.#follow(job);
    } catch (error) {
      if (abandoned(error)) return;
      if (this.loaded) this.lost = true;
      else this.error = error;
    }
  }

  async #ask(): Promise<void> {
    try {
      await jobsApi.ready();
      this.worker = null;
    } catch (error) {
      this.worker = error;
    }
  }

  async more(): Promise<void> {
    if (this.next === null) return;
    const page = await jobsApi.page(this.next, this.#ended.signal);
    this.jobs = [...this.jobs, ...page.jobs.filter((one) => !this.jobs.some((other) => other.job_id === one.job_id))];
    this.next = page.next;
  }

  async readFailures(more = false): Promise<void> {
    try {
      const page = await jobsApi.failures(more ? this.moreFailures : null, FEW_FAILURES, this.#ended.signal);
      this.failures = more ? [...this.failures, ...page.failures] : page.failures;
      this.failed = page.total;
      this.moreFailures = page.next;
    } catch (error) {
      if (!abandoned(error) && !this.loaded) this.error = error;
    }
  }

  /** One that was just ordered, or changed. */
  put(job: JobCard): void {
    const known = this.jobs.some((one) => one.job_id === job.job_id);
    this.jobs = known ? this.jobs.map((one) => (one.job_id === job.job_id ? job : one)) : [job, ...this.jobs];
    if (active(job)) this.#follow(job);
  }

  async detail(id: string): Promise<void> {
    const found = await jobsApi.job(id, this.#ended.signal);
    this.details.set(id, found);
    if (!this.jobs.some((one) => one.job_id === id)) this.jobs = [...this.jobs, found].sort((a, b) => b.created_at - a.created_at);
  }

  #change(id: string, change: Partial<JobCard>): void {
    this.jobs = this.jobs.map((one) => (one.job_id === id ? { ...one, ...change } : one));
  }

  #follow(job: JobCard): void {
    if (this.#followed.has(job.job_id)) return;
    this.#followed.set(job.job_id, null);
    const id = job.job_id;
    void follow(
      job.events,
      {
        signal: this.#ended.signal,
        onConnected: (connected) => (this.lost = !connected),
        onEvent: (event) => {
          if (event.event === "error") return "stop";
          const change = changeBy(event.event, event.data);
          if (change) this.#change(id, change);
          return;
        },
      },
      ["ended"],
    )
      .catch(() => undefined)
      .then(async () => {
        this.#followed.delete(id);
        if (this.#ended.signal.aborted) return;
        const found = await jobsApi.job(id, this.#ended.signal).catch(() => null);
        if (found === null) return;
        this.#change(id, found);
        if (this.details.has(id)) this.details.set(id, found);
        await this.readFailures();
      });
  }

  close(): void {
    this.#ended.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

/** What an event says of its job; null if nothing that is shown. */
export function changeBy(kind: string, data: string): Partial<JobCard> | null {
  let details: Record<string, unknown>;
  try {
    details = JSON.parse(data) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (kind === "begun" || kind === "taken" || kind === "resumed") return { state: "running" };
  if (kind === "waiting") return { note: String(details["why"] ?? "") };
  if (kind === "cancel_asked") return { cancel_asked: true };
  if (kind === "queued_again" || kind === "released") return { state: "queued" };
  if (kind === "progress") {
    const change: Partial<JobCard> = { state: "running" };
    if (typeof details["share"] === "number") change.share = details["share"];
    if (typeof details["note"] === "string") change.note = details["note"];
    if (details["totals"] !== null && typeof details["totals"] === "object") change.totals = details["totals"] as Record<string, unknown>;
    return change;
  }
  return null;
}
