/** What was checked and found, in Chinese, by the server's names and codes; in English the server says it itself. */

import { FAULTS_ZH } from "./faults";
import { fill, i18n } from "./i18n.svelte";

export const CHECKS_ZH: Readonly<Record<string, string>> = {
  python: "Python",
  packages: "软件包",
  weights: "模型文件",
  device: "运算设备",
  settings: "设置",
  disk: "磁盘",
  database: "数据库",
  vectors: "向量库",
  blobs: "文件存储",
  library: "视频库",
  "language model": "语言模型",
  ray: "Ray",
};

export const FINDINGS_ZH: Readonly<Record<string, string>> = {
  python_ok: "{version}",
  python_old: "{version}，Kinodex 需要 3.11 或更新的版本",
  packages_ok: "{names}",
  packages_missing: "没有安装：{names}。请重新安装 Kinodex",
  weights_ok: "配置方案 {profile}：{names} 完好",
  weights_missing: "配置方案 {profile}：这台机器上没有 {names}。请运行：kinodex models pull --profile {profile}",
  device_ok: "{device}，{numbers}",
  device_missing: "设置为 cuda，但 PyTorch 找不到可用的 GPU。请把 device 设为 auto 或 cpu（见 docs/runbook.md）",
  settings_ok: "{executor} 方式执行，最多尝试 {attempts} 次，每段 {minutes} 分钟",
  server_ok: "{where} 有响应",
  server_empty: "{where} 有响应，其中还没有视频库；kinodex ingest 会建立它",
  disk_free: "{library} 所在磁盘剩余 {free}",
  library_ok: "{library}：{videos} 个视频，{tags} 个标签",
  library_new: "{library} 还不存在；kinodex ingest 会建立它",
  library_not_writable: "{library} 不可写",
  endpoint_ok: "{where} 上的 {model} 有响应",
  endpoint_none: "没有设置：标签和回答只由证据组成",
  endpoint_unreachable: "连不上 {where} 上的 {model}。请检查 base_url，或取消这项设置",
  endpoint_moved: "{where} 返回 HTTP {status}，指向 {target}。请把 base_url 设为接口所在的地址",
  endpoint_odd: "向 {where} 查询 {model} 所在的模型列表，返回 HTTP {status}",
  model_ok: "{model}，在本进程中运行",
  ray_ok: "{version}，可用 kinodex ingest --executor ray",
  ray_missing: "没有安装，只能在本机处理",
};

export const checkName = (name: string): string => (i18n.locale === "zh" ? (CHECKS_ZH[name] ?? name) : name);

/** What was found, in the language of the page as far as it is known. */
export function findingText(one: { code: string; finding: string; values: Record<string, string | number> }): string {
  if (i18n.locale !== "zh") return one.finding;
  const words = FINDINGS_ZH[one.code];
  return words === undefined ? (FAULTS_ZH[one.code] ?? one.finding) : fill(words, one.values);
}
