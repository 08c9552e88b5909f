"""How well a library is answered from: by intent, in conversations, and where there is nothing to answer.

    python benchmarks/answers.py --library DIR [--cases tests/planted/data] [--planner rules|local|scripted]
        [--oracle] [--only INTENT] [--sample N] [--annotations FILE] [--failures] [--json]

DIR is a library of the planted videos (``python -m tests.planted.library FOLDER`` makes one and prints where it is).
With ``--annotations``, the queries of a file that `kinodex evaluate` reads are what should match, for a library of its
clips and a folder of cases that lists what is absent from them (``tests/planted/data/shared_corpus``).
``--planner local`` asks the language model of this machine (extra ``local-llm``), some 20 s a question: with
``--sample N``, N questions and as many turns are asked, the same at every run, of every intent some.
What the files of the cases hold, and how answers are judged, stands in `benchmarks/answer_cases`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # otherwise the modules in this folder would shadow packages

from benchmarks.answer_cases.asking import Asker  # noqa: E402
from benchmarks.answer_cases.cases import Case, read_cases, read_conversations, read_lists  # noqa: E402
from benchmarks.answer_cases.measuring import PRESENT, Measured, measure  # noqa: E402
from benchmarks.answer_cases.planners import PLANNERS, open_library  # noqa: E402
from benchmarks.answer_cases.table import failures, table  # noqa: E402
from workflows.evaluation.annotations import Annotations  # noqa: E402

_Entry = TypeVar("_Entry")
_DATA = ROOT / "tests" / "planted" / "data"


def cases_in(folder: Path, only: str = "") -> tuple[list[Case], list[list[Case]], dict[str, list[str]]]:
    """All single questions, conversations and lists of a folder, by what their files are named."""
    cases = [case for path in sorted(folder.glob("*.toml")) for case in read_cases(path) if only in ("", case.intent)]
    conversations = [turns for path in sorted(folder.glob("conversations*.toml")) for turns in read_conversations(path)]
    lists = {name: entries for path in sorted(folder.glob("lists*.toml")) for name, entries in read_lists(path).items()}
    return cases, [] if only else conversations, {} if only else lists


def sampled(cases: Sequence[Case], most: int) -> list[Case]:
    """Some cases of each intent, answerable or not, in proportion: always the same, spread over the files."""
    groups: dict[tuple[str, bool], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.intent, case.answerable), []).append(case)
    chosen = [case for group in groups.values() for case in _spread(group, round(most * len(group) / len(cases)))]
    return [case for case in cases if case in chosen]


def some_of(conversations: Sequence[list[Case]], most: int) -> list[list[Case]]:
    """Whole conversations with about so many turns in all, spread over the files."""
    turns = sum(map(len, conversations))
    return _spread(conversations, round(len(conversations) * most / turns)) if turns else []


def _spread(entries: Sequence[_Entry], most: int) -> list[_Entry]:
    wanted = min(len(entries), max(1, most))
    return [entries[(2 * n + 1) * len(entries) // (2 * wanted)] for n in range(wanted)]


def run(arguments: argparse.Namespace) -> Measured:
    """Ask everything and judge it."""
    cases, conversations, lists = cases_in(arguments.cases, arguments.only)
    if arguments.sample:
        cases, conversations, lists = sampled(cases, arguments.sample), some_of(conversations, arguments.sample), {}
    if arguments.annotations:
        clips = Annotations.read(arguments.annotations).clips.values()
        asked = [query for clip in clips for queries in clip.queries.values() for query in queries]
        lists[PRESENT] = [query if isinstance(query, str) else query.q for query in asked]
    with open_library(arguments.library, arguments.planner) as library:
        return measure(Asker(library, arguments.oracle), cases, conversations, lists, sys.stderr.isatty())


def main() -> None:
    """Parse, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--cases", type=Path, default=_DATA)
    parser.add_argument("--planner", choices=PLANNERS, default="rules")
    parser.add_argument("--oracle", action="store_true", help="answer from the lines that hold the answer")
    parser.add_argument("--only", default="", metavar="INTENT")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="ask N questions, and about N turns")
    parser.add_argument("--annotations", type=Path)
    parser.add_argument("--failures", action="store_true", help="list what went wrong, with what holds the answer")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    measured = run(arguments)
    if arguments.json:
        print(json.dumps(measured.as_json(), indent=2, ensure_ascii=False))
        return
    print(table(measured))
    if arguments.failures:
        print(failures(measured))


if __name__ == "__main__":
    main()
