/** Who is seen and heard, and what is said about them. */

import { address, json } from "../../api/http";
import type { Stretch } from "../../api/types";
import { t } from "../../i18n/i18n.svelte";

export interface Person {
  person_id: string;
  /** "" while nobody gave one. */
  name: string;
  also: string[];
  /** In how many places, of how many videos, and how long they are seen. */
  faces: number;
  videos: number;
  seconds: number;
  photos: number;
  /** In how many videos their voice is known, and how long it is heard. */
  voices: number;
  seconds_spoken: number;
}

export interface People {
  people: Person[];
  /** Collections in whose videos nobody's face is looked at. */
  off: string[];
  /** Whether faces are looked at in new videos. */
  enabled: boolean;
}

export interface FaceSeen extends Stretch {
  evidence_id: string;
  likeness: number;
  decided: string;
}

export interface SeenInVideo {
  video_id: string;
  name: string;
  seconds: number;
  faces: FaceSeen[];
}

export interface VoiceInVideo {
  video_id: string;
  name: string;
  speaker: number;
  turns: number;
  seconds: number;
}

export interface PersonDecision {
  /** ISO 8601. */
  at: string;
  by: string;
  action: string;
  person_id: string;
  other_id: string;
  /** Of `joined`: how like they are, and the faces that the other had. */
  detail: { likeness?: number; faces?: string[] };
}

export interface PersonDetail extends Person {
  seen: SeenInVideo[];
  speaking: VoiceInVideo[];
  decisions: PersonDecision[];
}

export interface AlikePerson extends Person {
  likeness: number;
}

export interface Forgotten {
  people: number;
  faces: number;
  videos: number;
  voices: number;
  vectors: number;
}

const p = (id: string): string => `/people/${encodeURIComponent(id)}`;

export const peopleApi = {
  all: (signal?: AbortSignal) => json<People>("GET", "/people", signal ? { signal } : {}),
  one: (id: string, signal?: AbortSignal) => json<PersonDetail>("GET", p(id), signal ? { signal } : {}),
  alike: (id: string, signal?: AbortSignal) => json<{ people: AlikePerson[] }>("GET", `${p(id)}/alike`, signal ? { signal } : {}),
  name: (id: string, name: string, also: string[]) => json<PersonDetail>("PATCH", p(id), { body: { name, also } }),
  merge: (id: string, others: string[]) => json<PersonDetail>("POST", `${p(id)}/merge`, { body: { others } }),
  split: (id: string, faces: string[]) => json<PersonDetail>("POST", `${p(id)}/split`, { body: { faces } }),
  separate: (id: string, joined: string) => json<PersonDetail>("POST", `${p(id)}/split`, { body: { joined: [joined] } }),
  forget: (id: string) => json<Forgotten>("DELETE", p(id)),
  /** `version`: another one asks the server again. */
  faceUrl: (id: string, version: string | number = "") => address(`${p(id)}/face`, { v: version }),
  trackUrl: (id: string, evidence: string) => address(`${p(id)}/faces/${encodeURIComponent(evidence)}.jpg`),
};

/** What somebody is called, or what stands for it: as in searches and on timelines. */
export function nameOf(person: Pick<Person, "name" | "person_id">): string {
  return person.name || t("peopleUnnamed", { id: person.person_id.replace(/^per_/, "").slice(0, 4) });
}

export const personLink = (id: string): string => `/people/${encodeURIComponent(id)}`;
