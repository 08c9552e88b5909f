"""A small real library, and a real HTTP server in front of it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import uvicorn
from fastapi import FastAPI

from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import (
    Blob,
    Decision,
    Scene,
    ScreenText,
    SoundEvent,
    Span,
    SpeechActivity,
    StageKey,
    StageOutput,
    Tracklet,
    VectorItem,
)
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import CLIP, MS, commit
from tests.unit.kinodex.chat_library import make as make_talk

FOLDER = "films of Ada"
"""Where the files lie: no answer may say so."""


def make(root: Path) -> Path:
    """A library of three videos with all that pages show, a copy of one, and a fourth that cannot be read."""
    root = root / FOLDER
    root.mkdir()
    folder = make_talk(root)
    with Encoders.open("embedded") as encoders, LibraryStore.open(folder) as store:
        for n, name in enumerate(("pizza", "boats", "taxi")):
            _add(store, encoders, name, n)
        pizza, broken = root / "pizza.mp4", root / "broken one.mp4"
        copy = root / "pizza again.mp4"
        copy.write_bytes(pizza.read_bytes())
        sha = store.catalog.sha256(id_of(store, "pizza"))
        store.catalog.register(copy, sha, copy.stat().st_size, copy.stat().st_mtime_ns)
        broken.write_text("no video")
        video_id = store.catalog.register(broken, "f" * 64, 8, broken.stat().st_mtime_ns)
        attempt = store.ledger.begin(StageKey(video_id, "probe", "fp-probe"), "test")
        assert isinstance(attempt, Attempt)
        store.ledger.fail(attempt, "NOT_MEDIA", f"{broken} is no media file.")
        tags = root / "tags.csv"
        tags.write_text("id,name\nt1,cooking\nt2,travel\n", encoding="utf-8")
        store.tags.import_csv(tags)
        pizza_id = id_of(store, "pizza")
        store.tags.save_decisions(
            pizza_id, [_decided(pizza_id, "t1", "accepted"), _decided(pizza_id, "t2", "accepted")]
        )
        store.tags.save_decisions(pizza_id, [_decided(pizza_id, "t2", "rejected")], "person")
        boats_id = id_of(store, "boats")
        store.tags.save_decisions(boats_id, [_decided(boats_id, "t2", "accepted")])
    return folder


def id_of(store: LibraryStore, name: str) -> str:
    """The id of a video by its file's name."""
    return store.catalog.resolve(f"{name}.mp4")


def _decided(video_id: str, tag_id: str, decision: Any) -> Decision:
    return Decision(video_id, tag_id, decision, 0.9, ("test",), ())


def _add(store: LibraryStore, encoders: Encoders, name: str, at: int) -> None:
    video_id = id_of(store, name)
    commit(store, video_id, "scenes", StageOutput(records=(Scene(f"scn_{name}", CLIP),)))
    commit(store, video_id, "speech_activity", StageOutput(records=(SpeechActivity(Span(0, 1900, MS)),)))
    commit(store, video_id, "thumbnails", StageOutput(blobs=(Blob("000000004000.jpg", b"\xff\xd8jpeg"),)))
    if name == "boats":
        sounds = ((0, 5000, "music"), (1000, 4000, "speech"), (6000, 8000, "silence"))
        events = tuple(
            SoundEvent(f"snd_{name}_{start}", Span(start, end, MS), sound, "", 0.9) for start, end, sound in sounds
        )
        commit(store, video_id, "sound", StageOutput(records=events))
    text = ScreenText(f"scr_{name}", Span(1000, 3000, MS), f"Open <b>{name}</b>", 0.8, (0.1, 0.1, 0.5, 0.2))
    commit(store, video_id, "screentext", StageOutput(records=(text,)))
    track = Tracklet(
        evidence_id=f"trk_{name}",
        span=Span(500, 4500, MS),
        concept="coco:1",
        category="person",
        category_zh="人",
        broader=("person",),
        appearance="red",
        motion="left",
        trajectory=((500, 0.1, 0.2, 0.3, 0.6), (1500, 0.2, 0.2, 0.4, 0.6)),
        audio="speech",
        confidence=0.8,
    )
    commit(store, video_id, "tracklets", StageOutput(records=(track,)))
    features = np.zeros(8, np.float32)
    features[0], features[at] = 1.0, 1.0
    features /= np.linalg.norm(features)
    looks = VectorItem(collections(encoders).likeness, f"fp:clp_{name}:l", features, CLIP, "picture", f"clp_{name}")
    commit(store, video_id, "likeness", StageOutput(vectors=(looks,)))


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    client: httpx2.Client
    app: FastAPI
    port: int


@contextmanager
def served(app: FastAPI) -> Iterator[Served]:
    """An app behind a real socket."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Served(client, app, port)
    finally:
        app.state.streams.close()
        server.should_exit = True
        thread.join(20)
        listener.close()


def events(client: httpx2.Client, url: str, **headers: str) -> list[tuple[int | None, str, dict[str, Any]]]:
    """All events of a stream until it ends: number, kind, data."""
    found = []
    with client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        for block in "".join(answer.iter_text()).split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
            if "event" in lines:
                number = int(lines["id"]) if "id" in lines else None
                found.append((number, lines["event"], json.loads(lines["data"])))
    return found
