"""Words to evidence: SQLite FTS5 over everything that was said, written, seen or measured.

FTS5's unicode61 tokenizer takes a run of Chinese characters for one word. So every such character
is stored as a word of its own, and a query's run becomes phrases of two neighbours, which is what
carries meaning in Chinese. (Postgres will bring its own implementation.)
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, Engine, func, insert, select, text

from stores.database import reading
from stores.records import CHANNELS, Channel
from stores.tables import EVIDENCE, FULLTEXT, IndexedLineRow

MAX_TERMS = 64
"""Terms of a query beyond which the rest is ignored. Source: our choice; FTS5 allows a depth of 256."""

PREFIX_LETTERS = 4
"""Words at least this long also match as beginnings ("skate" finds "skateboarding"). Source: our choice."""

_CJK = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U000323af"
)
_ONE_CJK = re.compile(f"([{_CJK}])")
_TERMS = re.compile(f"(?P<run>[{_CJK}]+)|(?P<word>(?:(?![{_CJK}])[^\\W_])+)")

# The function words of English that a question is made of, and what contractions leave behind ("it's" gives "s").
_STOP_WORDS = frozenset(
    "a an and any are as at be been being but by can could did do does for from had has have he her hers him his how i "
    "if in into is it its me my of on or our she should so some than that the their them then there these they this "
    "those to was we were what when where which while who whom whose why will with would you your "
    "d don isn ll m re s t ve".split()
)


@dataclass(frozen=True, slots=True)
class TextHit:
    """One line that matches. ``score``: FTS5's bm25 negated: higher is better, comparable within a search only."""

    evidence_id: str
    video_id: str
    channel: Channel
    score: float


def spaced(body: str) -> str:
    """``body`` as it is indexed: NFKC, each CJK character between spaces."""
    return " ".join(_ONE_CJK.sub(r" \1 ", unicodedata.normalize("NFKC", body)).split())


def match_expression(query: str) -> str | None:
    """``query`` as an FTS5 expression that cannot be malformed, or None if no word of meaning is left.

    Words are OR'ed, English stop words dropped; a run of CJK characters gives its overlapping pairs.
    """
    terms: dict[str, None] = {}
    # NUL would end the expression in SQLite's C string.
    for match in _TERMS.finditer(unicodedata.normalize("NFKC", query).replace("\0", " ")):
        run = match["run"]
        if run:
            pairs = ["".join(pair) for pair in pairwise(run)] or [run]
            terms.update(dict.fromkeys(f'"{" ".join(pair)}"' for pair in pairs))
        elif (word := match["word"].casefold()) not in _STOP_WORDS:
            terms[f'"{word}"' + ("*" if len(word) >= PREFIX_LETTERS else "")] = None
        if len(terms) >= MAX_TERMS:
            break
    return " OR ".join(list(terms)[:MAX_TERMS]) or None


class FullText:
    """Searches the full-text index of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def search(
        self,
        query: str,
        k: int,
        video_ids: Sequence[str] | None = None,
        channels: Iterable[Channel] | None = None,
    ) -> list[TextHit]:
        """The ``k`` best lines, best first; ties in the order of their ids.

        Args:
            video_ids: only these videos (None: all).
            channels: only these channels (None: all).

        Raises:
            StoreError: as `stores.database.reading`.
        """
        expression = match_expression(query)
        if expression is None:
            return []
        statement = text(
            "SELECT evidence_id, video_id, channel, -bm25(evidence_fts) AS score FROM evidence_fts "
            "WHERE evidence_fts MATCH :expression "
            "AND channel IN (SELECT value FROM json_each(:channels)) "
            + ("AND video_id IN (SELECT value FROM json_each(:videos)) " if video_ids is not None else "")
            + "ORDER BY score DESC, evidence_id LIMIT :k"
        )
        values = {
            "expression": expression,
            "channels": json.dumps(list(CHANNELS if channels is None else channels)),
            "k": k,
        }
        if video_ids is not None:
            values["videos"] = json.dumps(list(video_ids))
        with reading(self._engine) as connection:
            return [TextHit(*row) for row in connection.execute(statement, values)]


def index_lines(connection: Connection, video_id: str, stage: str) -> None:
    """Replaces the lines of one stage of one video by what the view ``evidence`` shows of it.

    Call it in the transaction that changed the rows, after the stage run became active.
    """
    forget_lines(connection, video_id, stage)
    of_stage = (EVIDENCE.c.video_id == video_id) & (EVIDENCE.c.stage == stage)
    rows = connection.execute(EVIDENCE.select().where(of_stage)).all()
    if not rows:
        return
    # Two bulk inserts with numbers of our own: a video may have thousands of labels.
    first = (connection.execute(select(func.max(IndexedLineRow.line))).scalar() or 0) + 1
    owners = [{"line": first + n, "video_id": video_id, "stage": stage} for n in range(len(rows))]
    lines = [
        {
            "rowid": first + n,
            "evidence_id": row.evidence_id,
            "video_id": video_id,
            "channel": row.channel,
            "body": spaced(row.search_text),
        }
        for n, row in enumerate(rows)
    ]
    connection.execute(insert(IndexedLineRow), owners)
    connection.execute(FULLTEXT.insert(), lines)


def forget_lines(connection: Connection, video_id: str, stage: str) -> None:
    """Removes the lines of one stage of one video."""
    values = {"video_id": video_id, "stage": stage}
    chosen = "FROM evidence_lines WHERE video_id = :video_id AND stage = :stage"
    connection.execute(text(f"DELETE FROM evidence_fts WHERE rowid IN (SELECT line {chosen})"), values)
    connection.execute(text(f"DELETE {chosen}"), values)
