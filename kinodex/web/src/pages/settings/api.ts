/** How the library is run, and who may use it. Times: seconds since 1970. */

import { json } from "../../api/http";

export interface Check {
  name: string;
  result: "ok" | "warn" | "fail";
  finding: string;
  /** The same for who says it in other words, and the values in it. */
  code: string;
  values: Record<string, string | number>;
}

export interface Model {
  task: string;
  name: string;
  revision: string;
  licence: string;
  dim: number;
  sources: string[];
  present: boolean;
  verified: boolean;
  problem: string;
  limits: string;
  citation: string;
}

export interface Models {
  profile: string;
  device: string;
  missing: string[];
  hint: string;
  models: Model[];
}

export interface SettingShown {
  name: string;
  value: unknown;
  origin: "default" | "file" | "environment" | "option";
  variable: string;
  secret: boolean;
}

export interface EndpointTested {
  configured: boolean;
  answers: boolean;
  sensible: boolean;
  model: string;
  where: string;
  seconds: number;
  error: { code: string; message: string; hint: string } | null;
}

export const SCOPES = ["read", "chat", "review", "edit", "jobs", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export interface User {
  user_id: string;
  name: string;
  scopes: Scope[];
  everything: boolean;
  created_at: number;
}

export interface ApiKey {
  key_id: string;
  user_id: string;
  user: string;
  name: string;
  scopes: Scope[];
  collections: string[] | null;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
}

export interface CollectionShown {
  collection_id: string;
  name: string;
  description: string;
  videos: number;
  members: number;
  role: string;
  created_at: number;
}

export interface Member {
  user_id: string;
  name: string;
  role: "reader" | "editor";
}

export interface CollectionVideo {
  video_id: string;
  name: string;
}

const of = (path: string, id: string): string => `${path}/${encodeURIComponent(id)}`;

export const settingsApi = {
  health: () => json<{ status: string; version: string }>("GET", "/health"),
  doctor: () => json<{ checks: Check[] }>("GET", "/doctor"),
  models: () => json<Models>("GET", "/models"),
  settings: () => json<{ file: string; settings: SettingShown[] }>("GET", "/settings"),
  testEndpoint: () => json<EndpointTested>("POST", "/settings/endpoint-test"),

  changePassword: (old: string, next: string) => json<unknown>("POST", "/me/password", { body: { old, new: next } }),
  users: () => json<{ users: User[] }>("GET", "/users"),
  addUser: (body: { name: string; password: string; scopes: Scope[]; everything: boolean }) => json<User>("POST", "/users", { body }),
  changeUser: (id: string, body: { scopes?: Scope[]; everything?: boolean; password?: string }) => json<User>("PATCH", of("/users", id), { body }),
  removeUser: (id: string) => json<User>("DELETE", of("/users", id)),

  keys: () => json<{ keys: ApiKey[] }>("GET", "/keys"),
  addKey: (body: { name: string; scopes: Scope[]; days: number | null; collections: string[] | null }) => json<{ key: ApiKey; secret: string }>("POST", "/keys", { body }),
  removeKey: (id: string) => json<ApiKey>("DELETE", of("/keys", id)),

  collections: () => json<{ collections: CollectionShown[] }>("GET", "/collections"),
  addCollection: (body: { name: string; description: string }) => json<CollectionShown>("POST", "/collections", { body }),
  changeCollection: (id: string, body: { name?: string; description?: string }) => json<CollectionShown>("PATCH", of("/collections", id), { body }),
  removeCollection: (id: string) => json<unknown>("DELETE", of("/collections", id)),
  members: (id: string) => json<{ members: Member[] }>("GET", `${of("/collections", id)}/members`),
  grant: (id: string, user: string, role: string) => json<{ members: Member[] }>("PUT", of(`${of("/collections", id)}/members`, user), { body: { role } }),
  revoke: (id: string, user: string) => json<{ members: Member[] }>("DELETE", of(`${of("/collections", id)}/members`, user)),
  collectionVideos: (id: string, cursor: string | null) =>
    json<{ videos: CollectionVideo[]; total: number; next: string | null }>("GET", `${of("/collections", id)}/videos`, { query: { cursor, limit: 50 } }),
  changeVideos: (id: string, body: { add?: string[]; remove?: string[] }) => json<unknown>("PATCH", `${of("/collections", id)}/videos`, { body }),
};
