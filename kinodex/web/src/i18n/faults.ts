/** What went wrong, by the server's code. The server speaks English; in Chinese its sentence follows one of ours. */

import { i18n } from "./i18n.svelte";

export const FAULTS_ZH: Readonly<Record<string, string>> = {
  FILE_MISSING: "找不到文件",
  FILE_EMPTY: "文件是空的",
  FILE_UNREADABLE: "文件无法读取",
  NOT_MEDIA: "这不是视频文件",
  TRUNCATED: "文件不完整",
  ENCRYPTED: "文件已加密",
  NO_VIDEO_STREAM: "文件里没有画面",
  NO_FRAMES: "视频里没有一帧画面",
  UNSUPPORTED_CODEC: "不支持这种编码",
  ABSURD_DIMENSIONS: "画面尺寸不合理",
  DECODE_FAILED: "解码失败",
  DECODE_CRASHED: "解码时程序崩溃",
  DECODE_TIMEOUT: "解码超时",
  DECODE_MEMORY: "解码占用内存过多",
  AUDIO_DECODE_FAILED: "声音解码失败",
  MODEL_MISSING: "缺少模型文件",
  MODEL_CORRUPT: "模型文件已损坏",
  MODEL_FAILED: "模型运行失败",
  LIBRARY_MISSING: "找不到视频库",
  LIBRARY_LOCKED: "视频库正被另一个任务使用，请稍候再试",
  LIBRARY_READ_ONLY: "视频库是只读的",
  LIBRARY_VERSION: "视频库的版本与程序不符",
  LIBRARY_DAMAGED: "视频库已损坏",
  DISK_FULL: "磁盘已满",
  STALE_ATTEMPT: "这次处理已被另一次取代",
  VECTOR_STORE_FAILED: "向量库出错",
  DATABASE_UNREACHABLE: "连不上数据库",
  VECTOR_STORE_UNREACHABLE: "连不上向量库",
  BLOB_STORE_UNREACHABLE: "连不上文件存储",
  TAG_FILE_INVALID: "标签文件有误",
  NO_TAGS: "还没有标签",
  ENDPOINT_UNREACHABLE: "连不上语言模型服务",
  ENDPOINT_REFUSED: "语言模型服务拒绝了请求",
  ENDPOINT_BAD_OUTPUT: "语言模型的回答无法使用",
  ENDPOINT_CONTEXT: "内容超出语言模型的长度限制",
  ENDPOINT_FILTERED: "内容被语言模型服务拦截",
  ENDPOINT_BUDGET: "已达到预算上限",
  UNKNOWN_VIDEO: "没有这个视频",
  QUERY_REFUSED: "不允许这样的查询",
  QUERY_LIMIT: "查询超出限制",
  UNKNOWN_THREAD: "没有这个对话",
  THREAD_BUSY: "这个对话正在回答上一个问题",
  TURN_TIMEOUT: "回答超时",
  EVIDENCE_GONE: "引用的内容已不存在",
  NOT_FOUND: "没有找到",
  CONFLICT: "与现有内容冲突",
  TOO_LARGE: "内容太大",
  TOO_MANY_REQUESTS: "请求过于频繁，请稍候再试",
  LOGIN_REQUIRED: "需要登录，或用户名、密码不对",
  FORBIDDEN: "没有权限",
  USAGE: "输入有误",
  SETTINGS_INVALID: "设置有误",
  WORKER_LOST: "处理任务的进程意外结束",
  INTERNAL: "程序内部出错",
};

/** The sentence for a fault, in the language of the page as far as it is known. */
export function faultText(code: string, message: string): string {
  const words = i18n.locale === "zh" ? FAULTS_ZH[code] : undefined;
  if (words === undefined || words === message) return message;
  return message ? `${words}（${message}）` : words;
}
