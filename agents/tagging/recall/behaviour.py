"""Tags that people look for when they open a video."""

from __future__ import annotations

from collections import defaultdict

from agents.tagging.recall.case import Case, Recalled, strongest

SOUGHT = 0.5
"""Most that a tag may be worth that everybody names who opens the video: what was looked for is not always found.
Source: our choice."""

DOUBT = 3.0
"""Openings for something else that are added to those there were: one click says little."""


def behaviour_source(case: Case) -> list[Recalled]:
    """Tags named in the searches that led to the video, by their share of all of them."""
    clicks = case.seen.clicks
    total = sum(one.clicks for one in clicks)
    named: defaultdict[int, int] = defaultdict(int)
    for one in clicks:
        for tag in case.tags.phrases.said_in(one.query):
            named[tag] += one.clicks
    words = (
        Recalled(case.tags.tags[tag].tag_id, "behaviour", SOUGHT * count / (total + DOUBT), ())
        for tag, count in named.items()
    )
    return strongest(words, case.top)
