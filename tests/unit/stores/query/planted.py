"""A library whose tracklets are planted: what is true of them is known without asking it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sqlalchemy import insert

from stores.core.ids import record_id
from stores.core.records import Caption, Clip, Decision, Fact, Scene, ScreenText, StageOutput, Tracklet, Utterance
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.sql.database import writing
from stores.sql.tables import TrackletRow, UtteranceRow
from tests.unit.stores.builders import begun, label, put, sha, span, video_of

BASE = Fraction(1, 12800)
SECOND = 12_800

NAMES = {"dog": "狗;小狗", "person": "人;人物", "car": "汽车;轿车", "hot dog": "热狗", "bicycle": "自行车"}
KINDS = {"dog": ("animal",), "person": (), "car": ("vehicle",), "hot dog": ("food",), "bicycle": ("vehicle",)}

Point = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Planted:
    """One object: what and where, with boxes at times in seconds."""

    video: str
    category: str
    colour: str
    motion: str
    path: tuple[Point, ...]
    audio: str = "silence"
    confidence: float = 0.8

    @property
    def first(self) -> float:
        return self.path[0][0]

    @property
    def last(self) -> float:
        return self.path[-1][0]


def _line(
    start: float, seconds: int, at: tuple[float, float], by: tuple[float, float], side: float
) -> tuple[Point, ...]:
    """A square of this side that goes from ``at`` by ``by`` a second, seen once a second."""
    return tuple(
        (start + n, at[0] + n * by[0], at[1] + n * by[1], at[0] + n * by[0] + side, at[1] + n * by[1] + side)
        for n in range(seconds)
    )


OBJECTS = (
    Planted("street", "car", "red", "right", _line(0, 5, (0.0, 0.5), (0.125, 0), 0.25), "sound"),
    Planted("street", "car", "blue", "left", _line(2, 4, (0.75, 0.5), (-0.25, 0), 0.25), "sound"),
    Planted("street", "car", "red, white", "still", _line(3, 6, (0.25, 0.25), (0, 0), 0.5), "sound", 0.6),
    Planted("street", "person", "black", "right", _line(1, 8, (0.0, 0.25), (0.0625, 0), 0.25), "sound"),
    Planted("street", "person", "grey", "still", _line(10, 1, (0.5, 0.25), (0, 0), 0.25), "sound", 0.9),
    Planted("street", "bicycle", "green", "up", _line(4, 3, (0.5, 0.5), (0, -0.125), 0.125), "sound"),
    Planted(
        "park",
        "dog",
        "brown",
        "wandering",
        _line(0, 2, (0.25, 0.5), (0.125, 0), 0.25) + _line(2, 2, (0.25, 0.5), (0, 0), 0.25),
    ),
    Planted("park", "dog", "white", "down", _line(1, 3, (0.5, 0.0), (0, 0.25), 0.25)),
    Planted("park", "dog", "white", "nearer", ((5, 0.375, 0.375, 0.625, 0.625), (7, 0.25, 0.25, 0.75, 0.75)), "speech"),
    Planted("park", "person", "red", "left", _line(0, 9, (0.75, 0.25), (-0.0625, 0), 0.125), "speech"),
    Planted(
        "park", "person", "blue", "farther", ((3, 0.25, 0.25, 0.75, 0.75), (4, 0.375, 0.375, 0.625, 0.625)), "speech"
    ),
    Planted("kitchen", "hot dog", "brown", "still", _line(2, 3, (0.25, 0.5), (0, 0), 0.125), "speech"),
    Planted("kitchen", "person", "white", "still", _line(0, 9, (0.5, 0.25), (0, 0), 0.5), "speech", 0.95),
)
"""The picture is 640 x 360, every number a power of two, so that sums are exact."""

VIDEOS = ("street", "park", "kitchen", "empty")
HIDDEN = "SECRET"
"""What rows say that nobody may see: those of inactive runs and of a forgotten video."""


def tracklet_of(one: Planted, video_id: str) -> Tracklet:
    where = span(round(one.first * SECOND), round((one.last + 1) * SECOND))
    path = tuple((round(at * SECOND), *box) for at, *box in one.path)
    return Tracklet(
        record_id("trk", video_id, where, one.category, path[0][1:]),
        where,
        f"coco:{list(NAMES).index(one.category)}",
        one.category,
        NAMES[one.category],
        KINDS[one.category],
        one.colour,
        one.motion,
        path,  # type: ignore[arg-type]
        one.audio,
        one.confidence,
    )


def background(video_id: str) -> Tracklet:
    where = span(0, 10 * SECOND)
    ident = record_id("trk", video_id, where, "background")
    return Tracklet(ident, where, "background", "background", "背景", (), "grey", "still", (), "silence", 1.0)


def plant(store: LibraryStore) -> dict[str, str]:
    """Fills a library; the ids of its videos by name."""
    ids = {name: _add(store, name) for name in VIDEOS}
    for name, video_id in ids.items():
        objects = [tracklet_of(one, video_id) for one in OBJECTS if one.video == name]
        put(store, video_id, "tracklets", fingerprint="old")
        put(store, video_id, "tracklets", *objects, background(video_id), fingerprint="new")
    _say(store, ids)
    _tag(store, ids)
    _hide(store, ids)
    return ids


def _add(store: LibraryStore, name: str) -> str:
    video_id = store.catalog.register(Path("/videos") / f"{name}.mp4", sha(name), 1000, 7)
    store.commit(begun(store, video_id, "probe"), StageOutput(video=video_of(video_id, sha(name))))
    return video_id


def _say(store: LibraryStore, ids: dict[str, str]) -> None:
    park, kitchen = ids["park"], ids["kitchen"]
    said = (
        ("Look at the dog!", "en", 1),
        ("ÉCOLE is over", "fr", 3),
        ("这是电脑", "zh", 5),
        ("100% sure_thing", "en", 7),
    )
    put(
        store,
        park,
        "speech",
        *(
            Utterance(
                record_id("utt", park, span(at * SECOND, (at + 1) * SECOND), text),
                span(at * SECOND, (at + 1) * SECOND),
                text,
                language,
                0.9,
            )
            for text, language, at in said
        ),
    )
    put(
        store,
        kitchen,
        "screen",
        ScreenText(f"scr_{kitchen}_1", span(0, SECOND), "Omar, Chef", 0.9, (0.0, 0.0, 0.5, 0.1)),
    )
    put(store, kitchen, "labels", label(kitchen, 0, "kitchen", "厨房", "room"))
    put(
        store,
        kitchen,
        "captions",
        Caption(f"cap_{kitchen}_1", span(0, SECOND), "a man cooks", "clp_1", "m@1", (0,), 0.7),
    )
    put(store, kitchen, "visual_stats", Fact(f"fct_{kitchen}_1", span(0, SECOND), "vertical video 竖屏视频", 0.9))
    put(store, park, "scenes", Scene("scn_1", span(0, 4 * SECOND)), Scene("scn_2", span(4 * SECOND, 10 * SECOND)))
    put(store, park, "clips", Clip("clp_park", span(0, 10 * SECOND), 2 * SECOND))


def _tag(store: LibraryStore, ids: dict[str, str]) -> None:
    table = store.root / "planted.csv"
    table.write_text("id,name,facet,aliases\nt1,Animals,what,\nt2,Cooking,what,\n", encoding="utf-8")
    store.tags.import_csv(table)
    dog = next(tracklet_of(one, ids["park"]) for one in OBJECTS if one.category == "dog")
    store.tags.save_decisions(
        ids["park"], [Decision(ids["park"], "t1", "accepted", 0.9, ("object",), (dog.evidence_id,))]
    )
    store.tags.save_decisions(
        ids["kitchen"],
        [
            Decision(ids["kitchen"], tag, "accepted", 0.6, ("object",), (f"cap_{ids['kitchen']}_1",))
            for tag in ("t1", "t2")
        ],
    )
    rejected = Decision(ids["kitchen"], "t1", "rejected", 1.0, (), ())
    store.tags.save_decisions(ids["kitchen"], [rejected], "person")


def _hide(store: LibraryStore, ids: dict[str, str]) -> None:
    """Rows that a crash may leave: of a run that is not active any more; and a video that is forgotten."""
    with writing(store.engine) as connection:
        for name, video_id in ids.items():
            row = {
                "video_id": video_id,
                "stage": "tracklets",
                "ordinal": 999,
                "fingerprint": "old",
                "start_tick": 0,
                "end_tick": SECOND,
                "evidence_id": f"trk_{HIDDEN}_{name}",
                "concept": "coco:9",
                "category": HIDDEN,
                "category_zh": HIDDEN,
                "broader": [],
                "appearance": HIDDEN,
                "motion": "still",
                "trajectory": [[0, 0, 0, 1, 1]],
                "audio": "silence",
                "confidence": 1.0,
                "search_text": HIDDEN,
            }
            connection.execute(insert(TrackletRow), [row])
            said = {
                key: row[key] for key in ("video_id", "ordinal", "fingerprint", "start_tick", "end_tick", "confidence")
            }
            said |= {
                "stage": "speech",
                "evidence_id": f"utt_{HIDDEN}_{name}",
                "text": HIDDEN,
                "language": "en",
                "words": [],
            }
            connection.execute(insert(UtteranceRow), [said])
    forgotten = _add(store, "forgotten")
    shown = Tracklet(
        f"trk_{HIDDEN}_forgotten",
        span(0, SECOND),
        "coco:9",
        HIDDEN,
        HIDDEN,
        (),
        HIDDEN,
        "still",
        ((0, 0.0, 0.0, 0.5, 0.5),),
        "silence",
        1.0,
    )
    put(store, forgotten, "tracklets", shown)
    forget(store, [forgotten])
