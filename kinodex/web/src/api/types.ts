/** The documents of the HTTP API, as docs/openapi.json says them. Times are seconds. */

export interface Fault {
  code: string;
  message: string;
}

export interface TagName {
  tag_id: string;
  name: string;
  /** The name, or the alias of it that is in the script of the reader's language. */
  shown: string;
}

export interface VideoCard {
  video_id: string;
  name: string;
  status: string;
  fault: Fault | null;
  seconds: number | null;
  width: number | null;
  height: number | null;
  poster: string | null;
  sprites: string | null;
  tags: TagName[];
  languages: string[];
  duplicates: number;
  /** Seconds since 1970. */
  added_at: number;
}

export interface VideoList {
  videos: VideoCard[];
  total: number;
  next: string | null;
}

export interface StageState {
  stage: string;
  status: string;
  fault: Fault | null;
}

export interface Playback {
  url: string | null;
  how: "file" | "proxy" | "none";
  reason: string;
  mime: string;
  fault?: Fault | null;
}

export interface CollectionName {
  collection_id: string;
  name: string;
}

export interface Media {
  seconds: number;
  width: number;
  height: number;
  rotation: number;
  frame_rate: number;
  variable_frame_rate: boolean;
  video_codec: string;
  audio_codec: string;
  container: string;
  size: number;
  sha256: string;
  warnings: string[];
}

export interface VideoDetail extends VideoCard {
  media: Media | null;
  stages: StageState[];
  places: string[];
  playback: Playback | null;
  collections: CollectionName[];
}

export interface Stretch {
  start: number;
  end: number;
}

export interface ClipStretch extends Stretch {
  clip_id: string;
  thumbnail: string | null;
}

export interface NamedStretch extends Stretch {
  evidence_id: string;
  name: string;
}

/** A turn of a voice; `name` is "" where nobody's name is known for it. */
export interface SpokenStretch extends NamedStretch {
  speaker: number;
}

export interface Timeline {
  seconds: number;
  scenes: Stretch[];
  clips: ClipStretch[];
  speech: Stretch[];
  screen: Stretch[];
  tracklets: NamedStretch[];
  sounds: NamedStretch[];
  people: NamedStretch[];
  speakers: SpokenStretch[];
}

export type LineKind = "speech" | "screen" | "caption" | "label";

export interface Line extends Stretch {
  evidence_id: string;
  kind: LineKind;
  text: string;
  confidence: number | null;
  language: string | null;
  corrected: boolean;
}

export interface LineList {
  lines: Line[];
  next: string | null;
}

/** [time, x, y, width, height], the last four as parts of the picture. */
export type Box = [number, number, number, number, number];

export interface Tracklet extends NamedStretch {
  boxes: Box[];
}

export interface TagEvidence extends Stretch {
  evidence_id: string;
  text: string;
  kind: string;
}

export interface TagDecision extends TagName {
  state: string;
  score: number;
  by: string;
  /** What was decided automatically, where a person decided otherwise. */
  automatic: string;
  automatic_score: number | null;
  evidence: TagEvidence[];
}

export interface FrameTimes {
  times: number[];
  exact: boolean;
}

/** Small pictures on sheets, row by row; the last sheet holds fewer. */
export interface Sprites {
  tiles: number;
  columns: number;
  per_sheet: number;
  width: number;
  height: number;
  step: number;
  /** When each tile is shown, sorted. */
  times: number[];
  urls: string[];
}

export interface Peaks {
  seconds: number;
  step: number;
  /** The lowest and the highest value of each stretch, in [-1, 1]. */
  peaks: number[][];
}

export interface ProxyState {
  state: "none" | "waiting" | "running" | "done" | "failed" | "cancelled";
  progress: number;
  url: string | null;
  fault: Fault | null;
}

export interface IndexState {
  state: string;
  videos_indexed: number;
  videos_known: number;
}

export interface SearchHit extends Stretch {
  rank: number;
  moment: string;
  video_id: string;
  name: string;
  score: number;
  channels: Record<string, number>;
  text: string | null;
  kind: string | null;
  thumbnail: string | null;
  link: string;
  also: OtherMoment[];
}

/** A near-duplicate that was left out of the results. */
export interface OtherMoment extends Stretch {
  video_id: string;
  name: string;
  link: string;
}

export interface SearchAnswer {
  query: string;
  verdict: "match" | "no_match" | string;
  index: IndexState;
  results: SearchHit[];
}

export interface Evidence extends Stretch {
  evidence_id: string;
  video_id: string;
  name: string;
  kind: string;
  text: string;
  confidence: number | null;
  frame: string | null;
  link: string;
}

export interface Tag extends TagName {
  aliases: string[];
  parents: Omit<TagName, "shown">[];
  facet: string;
  language: string;
  status: string;
  videos: number;
}

export interface TagList {
  tags: Tag[];
  total: number;
  next: string | null;
}

export interface Me {
  name: string;
  scopes: string[];
  access: boolean;
  everything: boolean;
}

export interface Job {
  job_id: string;
  kind: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled" | "interrupted" | string;
  /** How much of it is done, in [0, 1]. */
  share: number;
  note: string;
}

export interface Collection extends CollectionName {
  videos: number;
  role: string;
}

export interface LibraryStatus {
  index: IndexState;
  videos: number;
  by_status: Record<string, number>;
  media_seconds: number;
  tags: number;
  revision: number;
}
