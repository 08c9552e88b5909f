/**
 * One conversation as a page holds it. What is true is what the server stores: a turn is answered whether or not anybody
 * looks, and its events are read again from the last one that is known, after a reload and after a restart.
 */

import { follow } from "../../api/events";
import { idempotencyKey } from "../../api/http";
import { Problem, abandoned } from "../../api/problem";
import { chatApi, type Thread, type ThreadDocument, type Turn, type TurnBegun } from "./api";
import { learn, wanted } from "./names.svelte";
import { told, videosIn, type Step } from "./steps";
import { threads } from "./threads.svelte";

const SENT = "kinodex.sent";
const AGAIN_MS = 1_500;

export class TurnState {
  turn = $state.raw<Turn>() as Turn;
  steps = $state.raw<Step[]>([]);
  /** Whether its steps were read. */
  followed = $state(false);
  /** Whether the connection is there while it is answered. */
  connected = $state(true);
  stopping = $state(false);
  /** Set once it ended while one looked. */
  fresh = $state(false);
  /** Why its steps cannot be read any more. */
  error = $state.raw<unknown>(null);
  #lastId: string | null = null;
  #following = false;

  constructor(turn: Turn) {
    this.turn = turn;
  }

  get running(): boolean {
    return this.turn.status === "running";
  }

  /** Read its events, the ones to come among them, until it has ended. */
  async follow(signal: AbortSignal): Promise<void> {
    if (this.#following || this.turn.turn_id === "") return;
    this.#following = true;
    const live = this.running;
    try {
      await follow(
        this.turn.events,
        {
          signal,
          lastId: this.#lastId,
          onConnected: (connected) => (this.connected = connected),
          onEvent: (event) => {
            if (event.id !== null) this.#lastId = event.id;
            if (event.event === "turn") {
              this.turn = JSON.parse(event.data) as Turn;
              this.fresh = live;
              learn(Object.fromEntries(this.turn.citations.map((one) => [one.video_id, one.name])));
              return;
            }
            if (event.event === "error") {
              const said = JSON.parse(event.data) as { code: string; title: string };
              this.error = new Problem(403, said.code, said.title);
              return "stop";
            }
            this.steps = told(this.steps, event);
            wanted(videosIn(this.steps));
            return;
          },
        },
        ["turn"],
      );
      this.followed = true;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
    } finally {
      this.#following = false;
      this.stopping = false;
    }
  }

  /** Ask for it to be stopped; the answer in the making is given up, the question stays. */
  async stop(): Promise<void> {
    this.stopping = true;
    // On its way to the server it has no id yet: it is stopped as soon as it has one.
    if (this.turn.turn_id === "") return;
    try {
      await chatApi.cancel(this.turn.turn_id);
    } catch (error) {
      this.stopping = false;
      throw error;
    }
  }
}

export class Conversation {
  thread = $state.raw<ThreadDocument | null>(null);
  videos = $state.raw<Record<string, string>>({});
  turns = $state.raw<TurnState[]>([]);
  error = $state.raw<unknown>(null);
  #ended = new AbortController();

  constructor(readonly id: string | null) {}

  get running(): TurnState | null {
    const last = this.turns.at(-1);
    return last?.running ? last : null;
  }

  /** Read what was said, and go on with what is being answered. */
  async load(): Promise<void> {
    if (this.id === null) return;
    try {
      this.show(await chatApi.thread(this.id, { signal: this.#ended.signal }));
      this.error = null;
    } catch (error) {
      if (!abandoned(error)) this.error = error;
      return;
    }
    // A reload in the moment of asking: whether the question came through is not known, so it is sent again.
    const pending = sent.kept();
    if (pending?.thread === this.id && this.running === null) await this.ask(pending.question, pending.key).catch(() => undefined);
  }

  show(found: Thread): void {
    const known = new Map(this.turns.map((one) => [one.turn.turn_id, one]));
    this.thread = found.thread;
    this.videos = found.videos;
    learn(found.videos);
    this.turns = found.turns.map((turn) => {
      learn(Object.fromEntries(turn.citations.map((one) => [one.video_id, one.name])));
      const state = known.get(turn.turn_id);
      if (!state) return new TurnState(turn);
      if (!state.running || turn.status !== "running") state.turn = turn;
      return state;
    });
    for (const turn of this.turns) if (turn.running) this.#go(turn);
  }

  /** Ask a question in a thread that exists; under the same key it is asked once, however often it is sent. */
  async ask(question: string, key = idempotencyKey()): Promise<void> {
    const id = this.id;
    if (id === null) throw new Error("a thread is begun first");
    sent.keep({ thread: id, question, key });
    const waiting = new TurnState(unanswered(id, question, this.turns.length + 1));
    this.turns = [...this.turns, waiting];
    try {
      const begun = await this.#send(waiting, key);
      sent.keep(null);
      // Sent again, it may be one that is shown already.
      if (this.turns.some((one) => one !== waiting && one.turn.turn_id === begun.turn_id)) {
        this.turns = this.turns.filter((one) => one !== waiting);
        return;
      }
      waiting.turn = { ...waiting.turn, turn_id: begun.turn_id, events: begun.events };
      this.#go(waiting);
      if (waiting.stopping) await waiting.stop();
    } catch (error) {
      if (!this.#ended.signal.aborted) sent.keep(null);
      this.turns = this.turns.filter((one) => one !== waiting);
      // Somebody else asks in the same thread: that question is shown.
      if (error instanceof Problem && error.code === "THREAD_BUSY") {
        await this.load();
        // Sent twice, it is the same question that is being answered.
        if (this.running?.turn.question === question) return;
      }
      throw error;
    }
  }

  /** Send a question until the server took it, also over a lost connection: under one key it counts once. */
  async #send(turn: TurnState, key: string): Promise<TurnBegun> {
    for (;;) {
      try {
        const begun = await chatApi.ask(turn.turn.thread_id, turn.turn.question, key);
        turn.connected = true;
        return begun;
      } catch (error) {
        if (!(error instanceof Problem && error.offline) || this.#ended.signal.aborted) throw error;
        turn.connected = false;
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }

  #go(turn: TurnState): void {
    void turn.follow(this.#ended.signal).then(async () => {
      if (this.#ended.signal.aborted || this.id === null) return;
      // The first question gave the thread its title.
      const found = await chatApi.thread(this.id, { signal: this.#ended.signal }).catch(() => null);
      if (found === null) return;
      this.thread = found.thread;
      this.videos = found.videos;
      threads.put(found.thread);
    });
  }

  /** Read the steps of a turn that ended before. */
  explain(turn: TurnState): void {
    if (!turn.followed) void turn.follow(this.#ended.signal);
  }

  close(): void {
    this.#ended.abort();
  }
}

interface Sent {
  thread: string;
  question: string;
  key: string;
}

/** The question that is on its way to the server, also over a reload. */
const sent = {
  keep(one: Sent | null): void {
    try {
      if (one === null) sessionStorage.removeItem(SENT);
      else sessionStorage.setItem(SENT, JSON.stringify(one));
    } catch {
      // Without storage it is lost with the page.
    }
  },
  kept(): Sent | null {
    try {
      return JSON.parse(sessionStorage.getItem(SENT) ?? "null") as Sent | null;
    } catch {
      return null;
    }
  },
};

function unanswered(threadId: string, question: string, ordinal: number): Turn {
  return {
    turn_id: "", thread_id: threadId, ordinal, question, stand_alone: "", status: "running", answer: "", lines: [], abstained: false, removed: false,
    mode: "", claims: [], citations: [], usage: { calls: 0, tokens: 0, seconds: 0, cost: 0 }, error_code: "", error_message: "",
    started_at: Date.now() / 1000, finished_at: null, events: "",
  };
}
