/** The channels by which a moment is found: their names, the strongest first. */

import { t, type Message } from "../i18n/i18n.svelte";

const NAMES: Record<string, Message> = {
  picture: "channelPicture",
  object: "channelObject",
  speech: "channelSpeech",
  screen: "channelScreen",
  caption: "channelCaption",
  sound: "channelSound",
  face: "channelFace",
  speaker: "channelSpeaker",
  format: "channelFormat",
  script: "channelCaption",
};

const KINDS: Record<string, Message> = { ...NAMES, speech: "kindSpeech", screen: "kindScreen", caption: "kindCaption", script: "kindCaption", label: "kindLabel" };

/** What kind of evidence something is. */
export function kindName(kind: string): string {
  const name = KINDS[kind];
  return name ? t(name) : kind;
}

export function channelName(channel: string): string {
  const name = NAMES[channel];
  return name ? t(name) : channel;
}

/** Those that contributed, the strongest first, with their part of the whole. */
export function strongest(channels: Record<string, number>): { channel: string; part: number }[] {
  const some = Object.entries(channels).filter(([, value]) => value > 0);
  const sum = some.reduce((total, [, value]) => total + value, 0);
  return some.sort((a, b) => b[1] - a[1]).map(([channel, value]) => ({ channel, part: value / sum }));
}
