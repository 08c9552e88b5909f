/** What the names of stages, of tasks of models and of warnings are in Chinese; in English they are said as they are. */

import { i18n } from "./i18n.svelte";

export const STAGES_ZH: Readonly<Record<string, string>> = {
  probe: "读取文件",
  frame_hashes: "画面指纹",
  scenes: "切分场景",
  pictures: "识别画面",
  objects: "识别物体",
  faces: "识别人脸",
  screentext: "识别屏幕文字",
  thumbnails: "缩略图",
  visual_stats: "画面特征",
  speech_activity: "检测语音",
  speech: "语音转文字",
  sound: "识别声音",
  speakers: "区分说话人",
  clips: "划分片段",
  labels: "画面内容",
  styles: "识别画面类型",
  tracklets: "跟踪物体",
  vectors: "建立向量",
  captions: "描述片段",
  script: "整理全片描述",
};

export const TASKS_ZH: Readonly<Record<string, string>> = {
  image: "画面",
  image_text: "画面与文字",
  text: "文字",
  speech: "语音",
  voice: "语音检测",
  reader: "屏幕文字",
  detector: "物体",
  cuts: "镜头切换",
  captioner: "描述",
  ranker: "描述筛选",
  describer: "看图描述",
  language: "语言模型",
  sounds: "声音",
  faces: "人脸检测",
  face: "人脸比对",
  speaker: "嗓音",
};

const WARNINGS_ZH: Readonly<Record<string, string>> = {
  VIDEO_STREAMS: "文件里有多路画面",
  AUDIO_TRACKS: "文件里有多条音轨",
  SPLICED: "由多段录像拼接而成",
  TRUNCATED: "文件不完整",
  AUDIO_DECODE_FAILED: "声音解码失败",
};

const named = (names: Readonly<Record<string, string>>, name: string): string => (i18n.locale === "zh" ? (names[name] ?? name) : name);

export const stageName = (stage: string): string => named(STAGES_ZH, stage);
export const taskName = (task: string): string => named(TASKS_ZH, task);

/** A warning "CODE: what it is" in the language of the page as far as it is known. */
export function warningText(warning: string): string {
  const code = warning.split(":", 1)[0] ?? "";
  return i18n.locale === "zh" ? (WARNINGS_ZH[code] ?? warning) : warning;
}
