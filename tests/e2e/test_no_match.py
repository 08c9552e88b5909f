"""What no film shows is seldom found in a library that the whole pipeline made, and what means nothing never is."""

from __future__ import annotations

import pytest

from kinodex import Library
from tests.e2e.conftest import Ingested

pytestmark = pytest.mark.slow

ABSENT = (
    "an elephant in the river", "penguin", "violin concert", "a dentist at work", "volcano", "wedding in a church",
    "helicopter", "ice hockey", "sushi on a plate", "submarine", "snowman", "a judge in court", "scuba diving",
    "大象", "婚礼", "滑雪", "火山爆发", "直升机", "地铁站", "小提琴演奏",
)  # fmt: skip
MEANINGLESS = (
    "blorf",
    "glimph tarnolu",
    "lorem ipsum dolor sit amet",
    "龘靐齉",
    "霍坷钮搪",
    "!!!",
    "4711 0815",
    "的了吗",
)


def test_what_is_not_there_is_seldom_found(ingested: Ingested) -> None:
    with Library.open(ingested.root, create=False) as library:
        assert library.search("bicycle").verdict == library.search("自行车").verdict == "match"
        matching = [query for query in ABSENT if library.search(query).verdict == "match"]
        assert len(matching) <= len(ABSENT) // 4
        assert [query for query in MEANINGLESS if library.search(query).verdict == "match"] == []
        why = library.search("submarine", explain=True)
        assert why.explanation is not None
        assert why.verdict == "match" or why.explanation.remarks[0].startswith("no match: ")
