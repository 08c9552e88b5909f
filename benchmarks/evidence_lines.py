"""Where the right line of evidence stands among those ranked for a question, and whether a prompt shows it.

    python -m benchmarks.evidence_lines LIBRARY QUESTIONS.toml [...]

A question is a table with ``q``, ``in`` (names of videos) and ``lines`` (texts of which one stands in the right line).
Text questions (intents fact, quote, who, where, order) are drafted from text as well.
"""

from __future__ import annotations

import re
import sys
import time
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

from agents.answering.from_text import draft_from_text
from agents.answering.lines import gather, rank_lines
from agents.answering.shown_lines import show_lines
from agents.answering.text.units import RankedLine
from agents.questions.understanding import understand
from agents.questions.video_names import VideoNames
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from workflows.evaluation.strict_answers import says_strictly

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
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
