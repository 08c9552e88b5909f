"""Where the right line of evidence stands among those ranked for a question, and whether a prompt shows it.

    python benchmarks/evidence_lines.py LIBRARY QUESTIONS.toml [...]

A question is a table with ``q``, ``in`` (names of videos) and ``lines`` (texts of which one stands in the right line).
Text questions (intents fact, quote, who, where, order) are drafted from text as well.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise the modules in this folder would shadow packages

from agents.answering.from_text import draft_from_text  # noqa: E402
from agents.answering.lines import gather, rank_lines  # noqa: E402
from agents.answering.shown_lines import show_lines  # noqa: E402
from agents.answering.text.units import RankedLine  # noqa: E402
from agents.questions.understanding import understand  # noqa: E402
from agents.questions.video_names import VideoNames  # noqa: E402
from agents.search.finder import Finder  # noqa: E402
from encoders.bundle import Encoders  # noqa: E402
from stores.library_store import LibraryStore  # noqa: E402
from workflows.evaluation.strict_answers import says_strictly  # noqa: E402

TEXT_INTENTS = ("fact", "quote", "who", "where", "order")
NOWHERE = 10_000


def main(library: Path, files: list[Path]) -> None:
    """Prints one row for all questions."""
    asked = [question for file in files for question in tomllib.loads(file.read_text("utf-8"))["questions"]]
    places: list[int] = []
    shown = right = answerable = declined = unanswerable = 0
    seconds = 0.0
    with LibraryStore.open(library) as store, Encoders.open() as encoders:
        names = {entry.video_id: PurePosixPath(entry.uris[0]).name for entry in store.catalog.videos()}
        finder, video_names = Finder(store, encoders), VideoNames(store)
        for one in asked:
            named = video_names.taken_out(one["q"])
            question, chosen = understand(named.text, encoders.concepts.vocabulary), named.video_ids or None
            found = finder.search(question.text, k=12, video_ids=chosen)
            began = time.perf_counter()
            ranked = rank_lines(question, gather(question, store, encoders, found, chosen), encoders, found.moments)
            claims = draft_from_text(question, ranked, encoders, chosen)
            seconds += time.perf_counter() - began
            if not one.get("in"):
                unanswerable += 1
                declined += not claims
                continue
            if one.get("lines"):
                places.append(_place(one, ranked, names))
                text = show_lines(ranked, names=names).text.lower()
                shown += any(line.lower() in text for line in one["lines"])
            if one.get("a") and one.get("intent") in TEXT_INTENTS:
                answerable += 1
                said = "; ".join(claim.text for claim in claims)
                right += any(says_strictly(said, gold) for gold in one["a"])
    print(
        f"right line first {_share(places, 1)}, in 3 {_share(places, 3)}, in 12 {_share(places, 12)}, of {len(places)}"
    )
    print(f"shown in 600 tokens {shown} of {len(places)}; {seconds / max(1, len(asked)):.2f} s a question")
    print(f"answered rightly from text {right} of {answerable}; declined {declined} of {unanswerable} unanswerable")


def _place(one: dict[str, Any], ranked: list[RankedLine], names: dict[str, str]) -> int:
    wanted = [re.compile(re.escape(line), re.I) for line in one["lines"]]
    return next(
        (
            n
            for n, line in enumerate(ranked)
            if names[line.unit.video_id] in one["in"] and any(pattern.search(line.unit.text) for pattern in wanted)
        ),
        NOWHERE,
    )


def _share(places: list[int], first: int) -> str:
    return f"{sum(place < first for place in places) / max(1, len(places)):.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("questions", type=Path, nargs="+")
    given = parser.parse_args()
    main(given.library, given.questions)
