"""A small real library: what is said in its videos is given, what is seen in them is written by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Clip, Label, Record, Span, StageKey, StageOutput, Utterance, VectorItem, Video
from stores.ledger import Attempt
from stores.library_store import LibraryStore

MS = Fraction(1, 1000)
Library = tuple[LibraryStore, dict[str, str]]
CLIP = Span(0, 8000, MS)


def commit(store: LibraryStore, video_id: str, stage: str, output: StageOutput) -> None:
    attempt = store.ledger.begin(StageKey(video_id, stage, f"fp-{stage}"), "test")
    assert isinstance(attempt, Attempt)
    store.commit(attempt, output)


def add_video(store: LibraryStore, encoders: Encoders, path: Path, concept: str, said: tuple[str, ...]) -> str:
    """A video of one clip in which ``concept`` is seen and some lines are said."""
    path.write_text(path.name)
    sha = path.name.encode().hex().ljust(64, "0")
    video_id = store.catalog.register(path, sha, path.stat().st_size, path.stat().st_mtime_ns)
    video = Video(video_id, sha, 1, 8000, MS, 0, 640, 360, 0, Fraction(25), False, "h264", "aac", "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    clip = Clip(f"clp_{path.stem}", CLIP, 4000)
    commit(store, video_id, "clips", StageOutput(records=(clip,)))
    space = encoders.concepts
    known = space.get(concept)
    label = Label(
        f"lbl_{path.stem}", CLIP, clip.clip_id, concept, known.name, ";".join(known.zh), known.broader, 0.8, 0.9
    )
    commit(store, video_id, "labels", StageOutput(records=(label,)))
    lines: list[Record] = [
        Utterance(f"utt_{path.stem}_{i}", Span(i * 2000, i * 2000 + 1900, MS), text, "en", 0.9)
        for i, text in enumerate(said)
    ]
    commit(store, video_id, "speech", StageOutput(records=tuple(lines)))
    vector = np.asarray(space.prototypes[space.index(concept)], dtype=np.float32)
    item = VectorItem(collections(encoders).picture, f"fp:{clip.clip_id}:0", vector, CLIP, "picture", clip.clip_id)
    commit(store, video_id, "vectors", StageOutput(vectors=(item,)))
    return video_id
