"""One measurement of one library in a process of its own; figures go into a file as JSON.

Run by `benchmarks/scale.py` as ``python -m benchmarks.scale_library.child WHAT LIBRARY RESULT``. Times are seconds of
CPU of the whole process: a machine that is shared makes a wall clock lie.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinodex import Library

Figures = dict[str, float]

QUERIES = (
    "a red car on the street",
    "a dog playing in the snow",
    "a person speaking at a conference",
    "sunset over the sea",
    "cooking pasta in a kitchen",
    "guitar",
    "how does the new system change the price",
    "an elephant near water",
    "time",
    "a train in a station",
    "children in a garden",
    "a white boat on a lake",
    "the old church at night",
    "a bird",
    "pizza",
    "a doctor with a patient",
    "market day in the city",
    "someone rides a bicycle",
    "a black cat on a sofa",
    "what is it",
    "playing football on grass",
    "a bridge over a river",
    "black and white",
    "the teacher tells a story",
    "fish in the sea",
    "海滩上的日落",
    "厨房里做饭",
    "一只狗在雪地里",
    "城市的夜晚",
    "弹吉他的人",
    "我们今天开始",
    "公园里的孩子",
    "火车",
)
QUESTIONS = (
    "What is said about the price of the system?",
    "Where is the dog?",
    "What is in the kitchen?",
    "When does the teacher tell a story?",
)
LEAST = 5
"""Repetitions that are always made."""

GIVEN = argparse.Namespace(seconds=60.0)
"""Arguments of this process; ``seconds``: CPU seconds after which no more repetitions are begun."""

RECALL = 300
"""Vectors that search takes from a collection (`agents.search.finder.RECALL`), for which the index's recall is
measured."""

COMMITS = 5
LONG = 100
"""Clips of the long video that a tagger is measured with."""

_EXTRA = 20_000_000  # the numbers of videos that are committed and forgotten again while measuring


def cpu_of(call: Callable[[Any], object], arguments: Iterable[Any]) -> list[float]:
    """CPU seconds of each call, until there have been enough of them."""
    begun, taken = time.process_time(), []
    for argument in arguments:
        before = time.process_time()
        call(argument)
        taken.append(time.process_time() - before)
        if len(taken) >= LEAST and time.process_time() - begun > GIVEN.seconds:
            break
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(100 * share) // 100) - 1))]


def memory() -> Figures:
    """Bytes resident now, and at most so far."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        name: 1024.0 * int(status[key].split()[0]) for name, key in (("resident", "VmRSS"), ("peak_resident", "VmHWM"))
    }


def search(library: Library, opened: float) -> Figures:
    """From the start of the process to the first result; then warm, and with queries never asked before."""
    library.search(QUERIES[0])
    first = time.process_time()
    new = cpu_of(library.search, QUERIES[1:])
    asked = QUERIES[1 : 1 + len(new)]
    warm = cpu_of(library.search, asked * 2)
    return {
        "open": opened,
        "first": first,
        "new_p50": percentile(new, 0.5),
        "warm_p50": percentile(warm, 0.5),
        "warm_p95": percentile(warm, 0.95),
        "searches": float(len(warm)),
        **memory(),
    }


def after_commit(library: Library, _opened: float) -> Figures:
    """A search right after a video was committed, all of it, beside a warm one in the same process."""
    from benchmarks.scale_library.filling import plan_of
    from stores.core.errors import UsageError

    numbers = [_EXTRA + at for at in range(COMMITS)]
    plan = plan_of(library, max(1, _videos(library)))
    extra = _Committer(library, plan)
    for number in numbers:
        with suppress(UsageError):
            library.forget(extra.id_of(number))  # left over by a run that was interrupted
    library.search(QUERIES[0])
    asked = QUERIES[: 2 * COMMITS]
    cpu_of(library.search, asked)
    warm = cpu_of(library.search, asked)
    after = []
    try:
        for at, number in enumerate(numbers):
            extra.commit(number)
            after += cpu_of(library.search, [asked[at]])
    finally:
        for number in numbers:
            with suppress(UsageError):
                library.forget(extra.id_of(number))
    return {"warm": percentile(warm, 0.5), "after_commit": percentile(after, 0.5)}


class _Committer:
    """Commits one new synthetic video after the other, stage by stage, as an ingest does."""

    def __init__(self, library: Library, plan: Any, clips: int = 0) -> None:
        from benchmarks.scale_library.words import spoken_lines
        from encoders.concepts import read_concepts

        self._library, self._plan, self._clips = library, plan, clips or plan.clips
        self._lines, self._concepts = spoken_lines(400), read_concepts()
        names = dict(plan.names)
        self._names = {"picture": names["picture"]}

    @staticmethod
    def id_of(number: int) -> str:
        from benchmarks.scale_library.synthetic import id_of

        return id_of(number)

    def commit(self, number: int) -> None:
        """All stages of video ``number``."""
        from dataclasses import replace

        from benchmarks.scale_library.synthetic import Block
        from benchmarks.scale_library.vectors import BLOCK, picture_vectors
        from stores.core.records import StageKey
        from stores.ledger import Attempt

        plan, clips = self._plan, self._clips
        block = Block(number // BLOCK, clips, self._names, plan.fingerprints, self._lines, self._concepts)
        video, row = block.video(number), number % BLOCK
        store = self._library.store
        vectors = picture_vectors(block.number, clips)[row * clips : (row + 1) * clips]
        outputs = block.outputs(number)
        outputs["vectors"] = replace(outputs["vectors"], vectors=tuple(block.items("picture", number, vectors)))
        with store.writer():
            store.catalog.register(Path(f"/scale/extra/{number}.mp4"), video.sha256, video.size, number)
            for stage in self._plan.fingerprints:
                attempt = store.ledger.begin(StageKey(video.video_id, stage, self._plan.fingerprints[stage]), "scale")
                if not isinstance(attempt, Attempt):
                    raise SystemExit(
                        f"{video.video_id} has a finished stage {stage}: the library is not as it was made"
                    )
                store.commit(attempt, outputs[stage])


def show(library: Library, _opened: float) -> Figures:
    """What `kinodex show` puts together about one video."""
    from kinodex.usecases.overview import one_video

    chosen = _some(library, 20)
    one_video(library.store, chosen[0])
    return {"show": percentile(cpu_of(lambda video: one_video(library.store, video), chosen[1:]), 0.5)}


def ask(library: Library, _opened: float) -> Figures:
    """A question to one video; the question has been encoded before."""
    chosen = _some(library, 20)
    for question in QUESTIONS:
        library.ask(question, videos=chosen[:1])
    pairs = [(QUESTIONS[at % len(QUESTIONS)], video) for at, video in enumerate(chosen)]
    return {"ask": percentile(cpu_of(lambda pair: library.ask(pair[0], videos=[pair[1]]), pairs), 0.5)}


def tag(library: Library, _opened: float) -> Figures:
    """Tags of one video after the other with one tagger; then of many by `Library.tag`, without its start."""
    tagger, chosen = library.tagger(), _some(library, 120)
    first, others = chosen[0], chosen[1:]
    _decide(library, tagger, first)
    one = cpu_of(lambda video: _decide(library, tagger, video), others[:20])
    start = cpu_of(library.tag, [first])[0]
    many = cpu_of(lambda videos: library.tag(*videos), [[first, *others]])[0]
    return {"tag": percentile(one, 0.5), "tags_per_second": len(others) / max(many - start, 1e-9)}


def tagger(library: Library, _opened: float) -> Figures:
    """How long a tagger takes to start, models included, and what a video costs then; a long one as well."""
    from benchmarks.scale_library.filling import plan_of
    from stores.core.errors import UsageError

    before = time.process_time()
    made = library.tagger()
    start = time.process_time() - before
    taken, usual = cpu_of(lambda video: _decide(library, made, video), _some(library, 21)), memory()
    extra, number = _Committer(library, plan_of(library, max(1, _videos(library))), LONG), _EXTRA + COMMITS
    long = extra.id_of(number)
    with suppress(UsageError):
        library.forget(long)  # left over by a run that was interrupted
    extra.commit(number)
    try:
        taken_long = cpu_of(made.tag, [long] * 6)
    finally:
        library.forget(long)
    found = {"tag": percentile(taken[1:], 0.5), "tag_long": percentile(taken_long[1:], 0.5)}
    return {"start": start, **found, **usual}


def recall(library: Library, _opened: float) -> Figures:
    """Which of the truly nearest pictures the vector index gives, for vectors of real queries."""
    import numpy as np

    from benchmarks.scale_library.filling import plan_of, true_vectors
    from benchmarks.scale_library.synthetic import id_of
    from benchmarks.scale_library.vectors import BLOCK

    plan = plan_of(library, _videos(library))
    clips = plan.clips
    queries = library.encoders.text.encode_queries(list(QUERIES))
    name, most = plan.names["picture"], min(RECALL, plan.videos * clips)
    scores = np.concatenate(
        [queries @ true_vectors("picture", at, clips)[: len(plan.numbers(at)) * clips].T for at in range(plan.blocks)],
        axis=1,
    )
    shares, best = [], []
    for row, query in enumerate(queries):
        nearest = np.argpartition(-scores[row], most - 1)[:most]
        nearest = nearest[np.argsort(-scores[row, nearest])]
        true = []
        for index in nearest:
            video, clip = divmod(int(index), clips)
            block = plan.block(video // BLOCK, (), ())
            true.append((id_of(video), block.items("picture", video, np.zeros((clips, 1), np.float32))[clip].clip_id))
        found = [(hit.video_id, hit.clip_id) for hit in library.store.vectors.query(name, query, most)]
        shares.append(len(set(found) & set(true)) / most)
        best.append(len(set(found) & set(true[:20])) / len(true[:20]))
    return {"recall": float(np.mean(shares)), "recall_of_20": float(np.mean(best))}


WHAT: dict[str, Callable[[Library, float], Figures]] = {
    "search": search,
    "after_commit": after_commit,
    "show": show,
    "ask": ask,
    "tag": tag,
    "recall": recall,
    "tagger": tagger,
}


def _decide(library: Library, tagger: Any, video: str) -> None:
    library.store.tags.save_decisions(video, tagger.tag(video))


def _videos(library: Library) -> int:
    """How many videos the library was made of."""
    from sqlalchemy import func, select

    from stores.sql.tables import LocationRow

    made = select(func.count()).select_from(LocationRow).where(LocationRow.uri.not_like("%/extra/%"))
    with library.store.engine.connect() as connection:
        return int(connection.execute(made).scalar_one())


def _some(library: Library, count: int) -> list[str]:
    """That many videos, spread over the library."""
    from benchmarks.scale_library.synthetic import id_of

    videos = _videos(library)
    return [id_of(at * videos // min(count, videos)) for at in range(min(count, videos))]


def main() -> None:
    """Open, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(WHAT))
    parser.add_argument("library", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--tags", type=Path, help="a tag library to be imported first")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds after which nothing is repeated")
    given = parser.parse_args(namespace=GIVEN)
    from kinodex import Library

    before = time.process_time()
    with Library.open(given.library, create=False) as library:
        opened = time.process_time() - before
        if given.tags:
            library.import_tags(given.tags)
        given.result.write_text(json.dumps(WHAT[given.what](library, opened)), encoding="utf-8")


if __name__ == "__main__":
    main()
