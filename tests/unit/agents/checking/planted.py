"""Libraries with planted evidence, and claims about them that are known to be true or false."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from agents.answering.claims import Claim, cite
from encoders.bundle import Encoders
from stores.core.records import Caption, Clip, Label, Record, ScreenText, Span, StageOutput, Tracklet, Utterance, Video
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import commit

MS = Fraction(1, 1000)
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Planted:
    """One claim. ``wrong``: what is false about it, "" if it is true; ``videos``: names of those that may be cited."""

    scene: str
    wrong: str
    question: str
    cites: tuple[str, ...]
    text: str
    videos: tuple[str, ...]


def read(name: str) -> list[Planted]:
    """The claims of a file beside this one."""
    return list(_claims(tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))))


def _claims(scenes: dict[str, dict[str, list[str]]]) -> Iterator[Planted]:
    for scene, content in scenes.items():
        for row in content["true"]:
            question, ids, text = (cell.strip() for cell in row.split(" | "))
            yield Planted(scene, "", question, tuple(ids.replace(" ", "").split(",")), text, ())
        for row in content["false"]:
            wrong, question, ids, text, *allowed = (cell.strip() for cell in row.split(" | "))
            yield Planted(scene, wrong, question, tuple(ids.replace(" ", "").split(",")), text, tuple(allowed))


def plant(name: str, store: LibraryStore, encoders: Encoders, root: Path) -> dict[str, str]:
    """Fill a store with the lines of a file; the ids of the videos by their names."""
    scenes = tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    by_video: dict[str, list[list[str]]] = {}
    for content in scenes.values():
        for row in content["lines"]:
            key, video, *rest = (cell.strip() for cell in row.split(" | ", 4))
            by_video.setdefault(video, []).append([key, *rest])
    return {video: _add(store, encoders, root / f"{video}.mp4", rows) for video, rows in by_video.items()}


def claim_of(planted: Planted, store: LibraryStore) -> Claim:
    """A planted claim with citations of stored lines."""
    stored = store.catalog.evidence(planted.cites)
    return Claim(planted.text, tuple(cite(stored[key]) for key in planted.cites))


def _add(store: LibraryStore, encoders: Encoders, path: Path, rows: list[list[str]]) -> str:
    path.write_text(path.name)
    sha = path.name.encode().hex().ljust(64, "0")[:64]
    video_id = store.catalog.register(path, sha, path.stat().st_size, path.stat().st_mtime_ns)
    length = SECONDS * 1000
    video = Video(video_id, sha, 1, length, MS, 0, 640, 360, 0, Fraction(25), False, "h264", "aac", "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    clip = Clip(f"clp_{path.stem}", Span(0, length, MS), 4000)
    commit(store, video_id, "clips", StageOutput(records=(clip,)))
    stages: dict[str, list[Record]] = {}
    for key, channel, time, text in rows:
        start, end = (int(1000 * float(part)) for part in time.split("-"))
        record = _record(encoders, clip.clip_id, key, channel, Span(start, end, MS), text)
        stages.setdefault(channel, []).append(record)
    for channel, records in stages.items():
        commit(store, video_id, channel, StageOutput(records=tuple(records)))
    return video_id


def _record(encoders: Encoders, clip_id: str, key: str, channel: str, span: Span, text: str) -> Record:
    if channel == "speech":
        return Utterance(key, span, text, "en", 0.9)
    if channel == "screen":
        return ScreenText(key, span, text, 0.9, (0.1, 0.1, 0.9, 0.2))
    if channel == "caption":
        return Caption(key, span, text, clip_id, "test@1", (), 0.8)
    name, *looks = (part.strip() for part in text.split(";"))
    space = encoders.concepts
    concept = next(one for one in reversed(space.concepts) if one.name == name)
    if channel == "picture":
        return Label(key, span, clip_id, concept.concept_id, name, ";".join(concept.zh), concept.broader, 0.8, 0.9)
    colours, motion = looks
    zh = ";".join(concept.zh)
    return Tracklet(key, span, concept.concept_id, name, zh, concept.broader, colours, motion, (), "silence", 0.8)
