"""What a large vocabulary costs: recall of one video, a tagger's start, a new tag over many videos.

    python benchmarks/tagging_scale.py --tags 100000 --videos 10000 [--out DIR] [--report FILE]

Each figure is measured beside the same one with a small vocabulary or library, in one process, so that the ratio holds
on a busy machine; times are CPU seconds. To encode a hundred thousand names takes an hour and a half, once; here their
vectors are made up: around those of concepts, as names are, with the same scales. The library is that of
`benchmarks/scale.py`; what is there already is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise the modules in this folder would shadow packages

import numpy as np  # noqa: E402

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from agents.tagging.recall import Recalled
    from kinodex import Library

FEW = 1_000
"""Tags of the vocabulary that a large one is measured beside."""

Figures = dict[str, float]

SMALL, MEASURED = 16, 64
"""Videos that are read together in a batch; that each figure is the median of."""

TARGETS = (
    ("recall of one video, seconds", "recall, batch", 0.020),
    ("the same once another video has tags, seconds", "recall, batch, one tagged", 0.020),
    ("the same once all videos have tags, seconds", "recall, batch, all tagged", 0.020),
    ("a tagger's start, seconds", "start", 3.0),
    ("rank of 200 candidates, seconds", "rank", 0.050),
    ("the same by judged look-alikes, seconds", "rank, neighbours", 0.050),
    ("one new tag over all videos, seconds", "retag", 2.0),
)


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    before = time.process_time()
    call()
    return time.process_time() - before


def median(values: Sequence[float]) -> float:
    """The middle one of some values."""
    return float(np.median(values))


def keep_vectors(library: Library, count: int) -> None:
    """Keeps made up vectors of all tags of the library, as if they had been encoded."""
    from agents.search.scoring import query_scales
    from agents.tagging.vocabulary import space_of, texts_of
    from stores.tags.vectors import text_key

    encoders, draw = library.encoders, np.random.default_rng(7)
    space, prototypes = space_of(encoders), encoders.concepts.prototypes
    tags = [tag for tag in library.store.tags.tags() if tag.status == "active"]
    keys = list(dict.fromkeys(text_key(text) for text in texts_of(tags)))
    for start in range(0, len(keys), 4096):
        some = keys[start : start + 4096]
        spread = draw.standard_normal((len(some), prototypes.shape[1])).astype(np.float32) @ _spread(prototypes)
        vectors = prototypes[draw.integers(0, len(prototypes), len(some))] + 0.6 * spread
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        scales = np.array([(one.mean, one.deviation) for one in query_scales(vectors, encoders.concepts)], np.float32)
        library.store.tag_vectors.save(space, some, np.hstack([vectors, scales]).astype(np.float32))
    print(f"vectors of {count:,} tags were made up", flush=True)


def _spread(prototypes: np.ndarray) -> np.ndarray:
    """Directions in which names differ as concepts do (d, d), scaled to unit length in the mean."""
    centred = prototypes - prototypes.mean(axis=0)
    root = np.linalg.cholesky(centred.T @ centred / len(centred) + 1e-6 * np.eye(centred.shape[1], dtype=np.float32))
    return np.asarray(root.T / np.sqrt(np.trace(root @ root.T)), np.float32)


def with_tags(source: Path, out: Path, count: int) -> Path:
    """A copy of a library with so many tags and their vectors."""
    from benchmarks.scale_library.words import write_tags
    from kinodex import Library

    library, tags = out / f"tagging-{count}", out / f"tags-{count}.csv"
    if not library.exists():
        partly = library.with_name(f"{library.name}.part")
        shutil.rmtree(partly, ignore_errors=True)
        shutil.copytree(source, partly)
        write_tags(tags, count)
        with Library.open(partly, create=False) as opened:
            opened.import_tags(tags)
            keep_vectors(opened, count)
        partly.rename(library)
    return library


def costs(library: Library, videos: Sequence[str]) -> Figures:
    """A tagger's start, and what recall and rank cost: each in the median over some videos."""
    from benchmarks.tagging import recall_cost

    library.encoders.image_text.encode_queries(["a"])  # models load whatever the vocabulary
    library.encoders.concepts.matching("a")
    made: list[Tagger] = []
    figures = {"start": cpu(lambda: made.append(library.tagger()))}
    tagger, every = made[0], sorted(library.indexed())
    alone = videos[: len(videos) // 2]
    others = [one for one in every if one not in videos] or every

    def take(name: str, some: Sequence[str], together: int) -> list[list[Recalled]]:
        taken, recalled = recall_cost.recalling(library, some, together)
        figures.update({f"{name}": taken["recall"], f"{name}, p95": taken["p95"], f"{name}, clock": taken["wall"]})
        figures.update({f"{one}, {name}": value for one, value in taken.items() if one.startswith("source ")})
        return recalled

    take("recall, alone", alone, 1)
    recalled = take("recall, batch", videos, SMALL)
    figures["candidates"] = median([float(len({word.tag_id for word in words})) for words in recalled])
    figures |= recall_cost.ranking(library, tagger, recalled, videos)
    for name, some in (("one", others[:1]), ("all", every)):
        with recall_cost.tagged(library, tagger, some):
            take(f"recall, alone, {name} tagged", alone, 1)
            take(f"recall, batch, {name} tagged", videos, SMALL)
            figures[f"first of a batch, {name} tagged"] = recall_cost.first_of(library, videos[0], len(every))
    figures["kept"] = _kept(library, tagger, videos)
    return figures


def _kept(library: Library, tagger: Tagger, videos: Sequence[str]) -> float:
    """The share of the truly nearest 60 tags that the short list keeps."""
    from encoders.spaces import collections

    shares = []
    for video in videos:
        _, pictures = library.store.vectors.fetch(collections(library.encoders).picture, video_ids=[video])
        near = tagger.tags.nearest_texts.near(pictures)
        mean, deviation = tagger.tags.text_scales
        exact = ((pictures @ tagger.tags.texts.T).max(axis=0) - mean) / deviation
        found = set(near.rows[np.argsort(-near.z)[:60]].tolist())
        shares.append(len(found & set(np.argsort(-exact)[:60].tolist())) / min(60, len(exact)))
    return float(np.mean(shares))


def retagging(library: Library) -> Figures:
    """New tags, one after the other: how long each takes, and how many videos it is decided for."""
    from workflows.tagging.retagging import decide_tags

    names = ("guitar", "sailing boat", "pizza", "snow", "a doctor with a patient", "车站")
    path = library.store.root.with_name("one-more.csv")
    taken, walls, looked_at, videos = [], [], [], library.store.catalog.index_health(["clips"]).videos_indexed
    for number, name in enumerate(names):
        path.write_text(f"id,name,facet,aliases\nnew{number},{name},object,\n", encoding="utf-8")
        library.import_tags(path)
        tagger = library.tagger()
        before, clock = time.process_time(), time.perf_counter()
        looked_at.append(decide_tags(library.store, tagger, [f"new{number}"]).looked_at)
        taken.append(time.process_time() - before)
        walls.append(time.perf_counter() - clock)
    path.unlink()
    library.remove_tags(*(f"new{number}" for number in range(len(names))))
    # The first opens the vector index.
    return {
        "retag": max(taken[1:]),
        "retag_median": median(taken[1:]),
        "retag_first": taken[0],
        "retag_wall": max(walls[1:]),
        "looked_at": float(max(looked_at)),
        "videos": videos,
    }


def measured(source: Path, out: Path, tags: int, videos: int) -> dict[str, Figures]:
    """All figures: with few tags, with many, and of new tags over the whole library."""
    from benchmarks.scale_library.synthetic import id_of
    from kinodex import Library

    chosen = [id_of(at * videos // min(MEASURED, videos)) for at in range(min(MEASURED, videos))]
    found: dict[str, Figures] = {}
    for count in (min(FEW, tags), tags):
        with Library.open(with_tags(source, out, count), create=False) as library:
            found[f"{count}"] = costs(library, chosen)
            if count == min(FEW, tags):
                found["new tags"] = retagging(library)
    return found


def markdown(found: dict[str, Figures], tags: int) -> str:
    """The report."""
    few, many, new = found[f"{min(FEW, tags)}"], found[f"{tags}"], found["new tags"]
    lines = [
        "# Tagging with a large vocabulary",
        "",
        f"Machine: {platform.processor() or platform.machine()}, {os.cpu_count()} shared cores, load "
        f"{os.getloadavg()[0]:.1f} at the end; one thread a model. Seconds of CPU; vectors of tags are made up (see",
        "`benchmarks/tagging_scale.py`).",
        "",
        f"| what | {min(FEW, tags):,} tags | {tags:,} tags | ratio |",
        "|---|---|---|---|",
    ]
    sources = sorted(name for name in many if name.startswith("source ") and name.endswith("batch, all tagged"))
    rows = [name for name in many if not name.startswith("source ") and name not in ("kept", "candidates")] + sources
    lines += [
        f"| {name} | {few[name]:.4f} | {many[name]:.4f} | {many[name] / max(few[name], 1e-6):.1f} |" for name in rows
    ]
    lines += [
        f"| candidates of a video | {few['candidates']:.0f} | {many['candidates']:.0f} | |",
        f"| of the nearest 60 tags, the short list keeps | {few['kept']:.3f} | {many['kept']:.3f} | |",
        "",
        f"One new tag over {new['videos']:,.0f} videos ({min(FEW, tags):,} tags): {new['retag_median']:.2f} s in the "
        f"median, {new['retag']:.2f} s at most ({new['retag_wall']:.2f} s of wall time), "
        f"{new['retag_first']:.2f} s for the first, which opens the vector index; of the one with most, "
        f"{new['looked_at']:.0f} videos were looked at.",
        "",
        "Of each `recall` the median, the 95th percentile and the median on the clock. *alone*: a video is read by",
        "itself; *batch*: as `kinodex tag --all` does, sixteen videos are read together, whose cost is shared among",
        "them, and what serves all is read by the first one (`first of a batch`). *tagged*: one other video, or all",
        "have five accepted tags each; without any, look-alikes are not asked about.",
        "",
        "| target | figure | |",
        "|---|---|---|",
    ]
    for what, name, most in TARGETS:
        value = (new if name == "retag" else many)[name]
        lines.append(f"| {what} ≤ {most:g} | {value:.3f} | {'met' if value <= most else 'missed'} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Make, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tags", type=int, default=100_000)
    parser.add_argument("--videos", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("scale-libraries"), help="where the libraries are kept")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    from benchmarks.scale_library.filling import fill

    given.out.mkdir(parents=True, exist_ok=True)
    source = given.out / f"scale-{given.videos}"
    fill(source, given.videos, lambda line: print(line, flush=True))
    found: dict[str, Any] = measured(source, given.out, given.tags, given.videos)
    print(json.dumps(found, indent=1))
    text = markdown(found, given.tags)
    print(text)
    if given.report:
        given.report.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
