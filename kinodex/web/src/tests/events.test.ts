import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { EventParser, follow, type ServerEvent } from "../api/events";
import { Problem } from "../api/problem";

describe("a stream of events", () => {
  it("is read however it is cut", () => {
    const text = ": hello\nid: 1\nevent: step\ndata: {\"a\":\ndata: 1}\n\nid: 2\r\ndata: x\r\n\r\nretry: 50\n\n";
    for (const size of [1, 2, 3, 7, text.length]) {
      const parser = new EventParser();
      const found: ServerEvent[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.feed(text.slice(at, at + size)));
      expect(found).toEqual([
        { id: "1", event: "step", data: '{"a":\n1}' },
        { id: "2", event: "message", data: "x" },
      ]);
      expect(parser.retry).toBe(50);
    }
  });
});

let server: Server | undefined;

afterEach(() => server?.close());

function serving(answer: (lastId: string | undefined, count: number) => { status?: number; body: string }): Promise<{ url: string; ids: (string | undefined)[] }> {
  const ids: (string | undefined)[] = [];
  server = createServer((request, response) => {
    const id = request.headers["last-event-id"] as string | undefined;
    ids.push(id);
    const { status = 200, body } = answer(id, ids.length);
    response.writeHead(status, { "content-type": status === 200 ? "text/event-stream" : "application/problem+json" });
    response.end(body);
  });
  return new Promise((done) => {
    server?.listen(0, "127.0.0.1", () => done({ url: `http://127.0.0.1:${(server?.address() as AddressInfo).port}/`, ids }));
  });
}

describe("following", () => {
  it("goes on after a lost connection from where it was", async () => {
    const { url, ids } = await serving((lastId) =>
      lastId === undefined ? { body: "retry: 1\nid: 7\nevent: step\ndata: a\n\n" } : { body: "id: 8\nevent: turn\ndata: b\n\n" },
    );
    const seen: string[] = [];
    await follow(url, { onEvent: (event) => void seen.push(event.data) }, ["turn"]);
    expect(seen).toEqual(["a", "b"]);
    expect(ids).toEqual([undefined, "7"]);
  });

  it("ends with what will not pass", async () => {
    const { url } = await serving(() => ({ status: 404, body: '{"code":"NOT_FOUND","title":"gone","hint":"look elsewhere"}' }));
    await expect(follow(url, { onEvent: () => undefined })).rejects.toMatchObject({ status: 404, code: "NOT_FOUND", message: "gone", hint: "look elsewhere" } satisfies Partial<Problem>);
  });

  it("tries again what may pass", async () => {
    const { url, ids } = await serving((_id, count) => (count === 1 ? { status: 503, body: "{}" } : { body: "data: x\n\n" }));
    await follow(url, { onEvent: () => "stop" });
    expect(ids).toHaveLength(2);
  });
});
