"""What fifty reviews teach: half of the clips are reviewed in the order of the queue, the other half is measured.

    python benchmarks/tagging/learning.py LIBRARY ANNOTATIONS.json --clips DIR [--tags TAGS.csv] [--reviews 50]
        [--splits 5]

LIBRARY is copied, never changed; ANNOTATIONS is what `kinodex evaluate` reads. The simulated person accepts what the
annotations require or allow, and rejects everything else. Clips that show the same material stay in one half. F1 is
that of the tags accepted on the half that nobody reviewed, against those that are required; what is acceptable counts
as no mistake. Nothing about the rankers was chosen by these numbers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from agents.search.pictures import least_likeness
from agents.tagging.graph import Tagger
from agents.tagging.learning import alike, facts_of, learn, video_clips
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from stores.tags.review import Judgement, Verdict
from stores.tags.review.asking import Waiting
from workflows.evaluation.annotations import Annotations, match_videos


@dataclass(frozen=True, slots=True)
class Truth:
    """Ids of the tags that a video must have, and may have."""

    required: frozenset[str]
    allowed: frozenset[str]


def truths(store: LibraryStore, annotations: Path, clips: Path) -> dict[str, Truth]:
    """By video, for the annotated ones that are in the library."""
    known = {entry.video.sha256: entry.video_id for entry in store.catalog.videos() if entry.video is not None}
    read = Annotations.read(annotations)
    ids: dict[str, set[str]] = {}
    for tag in store.tags.tags():
        ids.setdefault(tag.name.casefold(), set()).add(tag.tag_id)

    def named(names: Iterable[str]) -> frozenset[str]:
        return frozenset(tag for name in names for tag in ids.get(name.casefold(), ()))

    found = {}
    for name, video_id in match_videos(read, clips, known).items():
        required = named(read.clips[name].tags)
        found[video_id] = Truth(required, required | named(read.clips[name].tags_acceptable))
    return found


def halves(groups: Mapping[str, int], seed: int) -> tuple[list[str], list[str]]:
    """The videos in two halves of about the same size; a group is not divided."""
    order = np.random.default_rng(seed).permutation(sorted(set(groups.values())))
    first: list[str] = []
    for group in order:
        if len(first) < len(groups) / 2:
            first += sorted(video for video, its in groups.items() if its == group)
    return first, sorted(set(groups) - set(first))


def decide(store: LibraryStore, tagger: Tagger, videos: Iterable[str]) -> dict[str, frozenset[str]]:
    """Tags every video and keeps the decisions; the accepted ones by video."""
    accepted = {}
    for video_id in videos:
        made = tagger.tag(video_id)
        with store.writer():
            store.tags.save_decisions(video_id, made)
        accepted[video_id] = frozenset(one.tag_id for one in made if one.decision == "accepted")
    return accepted


def review(store: LibraryStore, truth: Mapping[str, Truth], videos: list[str], count: int) -> int:
    """Decides as the annotations do about what the queue brings first; how many were decided."""
    done = 0
    while done < count and (items := store.reviews.queue(limit=1, waiting=Waiting(video_ids=videos))):
        (item,) = items
        verdict: Verdict = "accepted" if item.tag_id in truth[item.video_id].allowed else "rejected"
        store.reviews.decide([Judgement(item.video_id, item.tag_id, verdict)], "benchmark", "benchmark")
        done += 1
    return done


def scores(accepted: Mapping[str, frozenset[str]], truth: Mapping[str, Truth]) -> dict[str, float]:
    """Precision, recall and F1 over all of these videos."""
    right = sum(len(tags & truth[video].allowed) for video, tags in accepted.items())
    chosen = sum(len(tags) for tags in accepted.values())
    hits = sum(len(tags & truth[video].required) for video, tags in accepted.items())
    wanted = sum(len(truth[video].required) for video in accepted)
    precision, recall = right / max(1, chosen), hits / max(1, wanted)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(1e-9, precision + recall)}


def one_half(folder: Path, arguments: argparse.Namespace, split: int, swap: bool) -> dict[str, object]:
    """Reviews one half of one split and measures the other."""
    encoders = Encoders.open()
    with LibraryStore.open(folder) as store:
        if arguments.tags and not store.tags.count():
            with store.writer():
                store.tags.import_csv(arguments.tags)
        truth = truths(store, arguments.annotations, arguments.clips)
        facts = {video: facts_of(video, clips) for video, clips in video_clips(store, encoders, truth).items()}
        vectors = {video: fact.vector for video, fact in facts.items() if fact.vector is not None}
        groups = alike(vectors, least_likeness(encoders))
        groups |= {video: -1 - at for at, video in enumerate(sorted(set(truth) - set(vectors)))}
        taught, other = halves(groups, split)[:: -1 if swap else 1]
        before = decide(store, Tagger(store, encoders), sorted(truth))
        done = review(store, truth, taught, arguments.reviews)
        learned = learn(store, encoders)
        after = decide(store, Tagger(store, encoders), other)
        first, second = scores({video: before[video] for video in other}, truth), scores(after, truth)
    tried = [{"rung": one["rung"], "outcome": one["outcome"]} for one in learned.report["tried"]]
    return {"split": split, "swapped": swap, "reviews": done, "rung": learned.report["rung"], "tried": tried} | {
        f"{name}_{when}": round(value, 4)
        for when, some in (("before", first), ("after", second))
        for name, value in some.items()
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--tags", type=Path, help="imported where the library has none")
    parser.add_argument("--reviews", type=int, default=50)
    parser.add_argument("--splits", type=int, default=5)
    arguments = parser.parse_args()
    outcomes = []
    for split in range(arguments.splits):
        for swap in (False, True):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "library"
                shutil.copytree(arguments.library, folder)
                outcomes.append(one_half(folder, arguments, split, swap))
                print(json.dumps(outcomes[-1]), flush=True)
    means = {
        name: round(float(np.mean([float(str(one[name])) for one in outcomes])), 4)
        for name in outcomes[0]
        if name.endswith(("_before", "_after"))
    }
    gains = [float(str(one["f1_after"])) - float(str(one["f1_before"])) for one in outcomes]
    print(json.dumps({"mean": means, "gains": [round(gain, 4) for gain in gains]}, indent=2))


if __name__ == "__main__":
    main()
