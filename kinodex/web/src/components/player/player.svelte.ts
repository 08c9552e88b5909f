/** A player: what is shown of a `<video>` and done to it, shared by its controls, timeline, transcript and boxes. */

import { api } from "../../api/client";
import { remember, remembered } from "../../lib/stored";
import { FrameIndex } from "./frames";

export const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;

/** How long a seek may take until it is believed without a presented frame. */
const CONFIRM_MS = 1500;

export class Player {
  video = $state.raw<HTMLVideoElement | null>(null);
  /** Where it is, in seconds. */
  time = $state(0);
  /** When the frame on the screen begins. */
  presented = $state(0);
  duration = $state(0);
  paused = $state(true);
  ended = $state(false);
  waiting = $state(false);
  ready = $state(false);
  rate = $state(1);
  volume = $state(1);
  muted = $state(false);
  /** Muted by the browser, which does not let a page begin with sound. */
  hushed = $state(false);
  captions = $state(remembered("captions") === "on");
  boxes = $state(remembered("boxes") === "on");
  fullscreen = $state(false);
  buffered = $state.raw<[number, number][]>([]);
  /** What the browser says why it cannot play. */
  failure = $state<string | null>(null);
  /** Counts seeks that a person asked for; whoever follows the player begins again with each. */
  seeks = $state(0);

  readonly frames: FrameIndex;
  #wanted: { seconds: number; play: boolean } | null = null;
  #steps = 0;
  #stepping = false;

  constructor(readonly videoId: string) {
    this.frames = new FrameIndex((start, end) => api.frames(videoId, start, end));
    const volume = Number(remembered("volume") ?? "1");
    this.volume = volume >= 0 && volume <= 1 ? volume : 1;
    this.muted = remembered("muted") === "on";
  }

  /** Take a `<video>`; the returned function lets it go. */
  attach(video: HTMLVideoElement): () => void {
    this.video = video;
    video.volume = this.volume;
    video.muted = this.muted;
    let frame = 0;
    const told = video.requestVideoFrameCallback !== undefined;
    const onFrame = (_now: number, about: VideoFrameCallbackMetadata): void => {
      this.presented = about.mediaTime;
      if (!video.seeking) this.time = video.currentTime;
      frame = video.requestVideoFrameCallback(onFrame);
    };
    if (told) frame = video.requestVideoFrameCallback(onFrame);
    const done = new AbortController();
    const on = (name: string, run: () => void): void => video.addEventListener(name, run, { signal: done.signal });
    on("loadedmetadata", () => {
      this.duration = Number.isFinite(video.duration) ? video.duration : 0;
      this.ready = true;
      this.failure = null;
      const wanted = this.#wanted;
      this.#wanted = null;
      if (wanted) this.seek(wanted.seconds, wanted.play);
    });
    on("durationchange", () => (this.duration = Number.isFinite(video.duration) ? video.duration : 0));
    on("timeupdate", () => {
      this.time = video.currentTime;
      if (!told) this.presented = video.currentTime;
    });
    on("seeking", () => (this.time = video.currentTime));
    on("seeked", () => (this.time = video.currentTime));
    on("play", () => {
      this.paused = false;
      this.ended = false;
    });
    on("pause", () => (this.paused = true));
    on("ended", () => (this.ended = true));
    on("waiting", () => (this.waiting = true));
    for (const name of ["playing", "canplay", "seeked"]) on(name, () => (this.waiting = false));
    on("ratechange", () => (this.rate = video.playbackRate));
    on("volumechange", () => {
      this.volume = video.volume;
      this.muted = video.muted;
      if (!video.muted) this.hushed = false;
    });
    on("progress", () => {
      const parts: [number, number][] = [];
      for (let i = 0; i < video.buffered.length; i++) parts.push([video.buffered.start(i), video.buffered.end(i)]);
      this.buffered = parts;
    });
    on("error", () => (this.failure = video.error?.message || `MediaError ${video.error?.code ?? ""}`));
    return () => {
      done.abort();
      if (told) video.cancelVideoFrameCallback(frame);
      // Ends the download.
      video.removeAttribute("src");
      video.load();
      this.video = null;
      this.ready = false;
    };
  }

  /** Begin: with sound where the browser lets it, else without, which `hushed` says. */
  async play(): Promise<void> {
    const video = this.video;
    if (!video) return;
    try {
      await video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      video.muted = true;
      try {
        await video.play();
        this.hushed = true;
      } catch {
        video.muted = this.muted;
      }
    }
  }

  pause(): void {
    this.video?.pause();
  }

  toggle(): void {
    if (this.paused) void this.play();
    else this.pause();
  }

  /** Go to a time; what plays goes on, `play` makes it. */
  seek(seconds: number, play = false): void {
    const video = this.video;
    if (!video || video.readyState < HTMLMediaElement.HAVE_METADATA) {
      this.#wanted = { seconds, play };
      return;
    }
    const end = this.duration > 0 ? Math.max(0, this.duration - 0.001) : seconds;
    video.currentTime = Math.max(0, Math.min(seconds, end));
    this.time = video.currentTime;
    this.seeks++;
    if (play) void this.play();
  }

  /** Go to the frame that is shown at a time: its middle, so that rounding cannot show the one before. */
  async seekFrame(seconds: number, play = false): Promise<void> {
    try {
      const middle = await this.frames.away(seconds, 0);
      if (middle !== null && Math.abs(middle - seconds) < 1) {
        this.seek(Math.max(middle, seconds === 0 ? 0 : middle), play);
        return;
      }
    } catch {
      // Without frame times, the time itself is the best there is.
    }
    this.seek(seconds, play);
  }

  skip(seconds: number): void {
    this.seek((this.video?.currentTime ?? 0) + seconds);
  }

  /** One frame on or back. Steps that come while one is under way are made together. */
  async step(direction: 1 | -1): Promise<void> {
    this.pause();
    this.#steps += direction;
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      while (this.#steps !== 0) {
        const steps = this.#steps;
        this.#steps = 0;
        const middle = await this.frames.away(this.presented, steps);
        if (middle !== null) await this.#show(middle);
      }
    } catch {
      this.#steps = 0;
    } finally {
      this.#stepping = false;
    }
  }

  /** Seek to the middle of a frame and wait until it is on the screen. */
  async #show(middle: number): Promise<void> {
    const video = this.video;
    if (!video || this.frames.isShown(this.presented, middle)) return;
    const shown = new Promise<void>((done) => {
      const timer = setTimeout(done, CONFIRM_MS);
      const look = (_now: number, about: VideoFrameCallbackMetadata): void => {
        this.presented = about.mediaTime;
        if (this.frames.isShown(about.mediaTime, middle)) {
          clearTimeout(timer);
          done();
        } else video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback?.(look);
    });
    this.seek(middle);
    await shown;
  }

  setRate(rate: number): void {
    if (this.video) this.video.playbackRate = rate;
  }

  /** The next faster or slower of the speeds. */
  changeRate(direction: 1 | -1): void {
    const others = direction > 0 ? RATES.filter((rate) => rate > this.rate) : RATES.filter((rate) => rate < this.rate);
    const next = direction > 0 ? others[0] : others.at(-1);
    if (next !== undefined) this.setRate(next);
  }

  setVolume(volume: number): void {
    if (!this.video) return;
    this.video.volume = Math.max(0, Math.min(1, volume));
    this.video.muted = volume <= 0;
    remember("volume", String(this.video.volume));
  }

  mute(muted = !this.muted): void {
    if (!this.video) return;
    this.video.muted = muted;
    remember("muted", muted ? "on" : null);
  }

  showCaptions(shown: boolean): void {
    this.captions = shown;
    remember("captions", shown ? "on" : null);
  }

  showBoxes(shown: boolean): void {
    this.boxes = shown;
    remember("boxes", shown ? "on" : null);
  }
}
