"""Words to evidence: a full-text index over everything that was said, written, seen or measured.

FTS5's unicode61 tokenizer takes a run of Chinese characters for one word. So every such character
is stored as a word of its own, and a query's run becomes phrases of two neighbours, which is what
carries meaning in Chinese. On Postgres the same terms go to `stores.sql.fulltext_postgres`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, Engine, func, insert, select, text

from stores.core.records import CHANNELS, Channel
from stores.sql import fulltext_postgres
from stores.sql.database import reading
from stores.sql.tables import EVIDENCE, FULLTEXT, CounterRow, IndexedLineRow

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
    """One line that matches. ``score``: BM25, higher is better, comparable within a search only."""

    evidence_id: str
    video_id: str
    channel: Channel
    score: float


def spaced(body: str) -> str:
    """``body`` as it is indexed: NFKC, each CJK character between spaces."""
    return " ".join(_ONE_CJK.sub(r" \1 ", unicodedata.normalize("NFKC", body)).split())


@dataclass(frozen=True, slots=True)
class Term:
    """What a line may match: ``words`` next to each other; or, with ``prefix``, a word that begins like the one."""

    words: tuple[str, ...]
    prefix: bool = False


def terms_of(query: str) -> list[Term]:
    """The terms of a query, at most `MAX_TERMS`: English stop words dropped, a CJK run as its overlapping pairs."""
    terms: dict[Term, None] = {}
    # NUL would end the expression in SQLite's C string.
    for match in _TERMS.finditer(unicodedata.normalize("NFKC", query).replace("\0", " ")):
        run = match["run"]
        if run:
            terms.update(dict.fromkeys(Term(pair) for pair in pairwise(run)) if len(run) > 1 else {Term((run,)): None})
        elif (word := match["word"].casefold()) not in _STOP_WORDS:
            terms[Term((word,), len(word) >= PREFIX_LETTERS)] = None
        if len(terms) >= MAX_TERMS:
            break
    return list(terms)[:MAX_TERMS]


def match_expression(query: str) -> str | None:
    """``query`` as an FTS5 expression that cannot be malformed, or None if no word of meaning is left.

    Words are OR'ed, English stop words dropped; a run of CJK characters gives its overlapping pairs.
    """
    parts = (f'"{" ".join(term.words)}"' + ("*" if term.prefix else "") for term in terms_of(query))
    return " OR ".join(parts) or None


def words_of(line: str) -> list[str]:
    """The words of a line in their order, each CJK character one of them."""
    words: list[str] = []
    for match in _TERMS.finditer(line):
        words += list(match["run"]) if match["run"] else [match["word"]]
    return words


class FullText:
    """Searches the full-text index of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._size: tuple[int, tuple[int, float]] = (-1, (0, 1.0))

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
            StoreError: as `stores.sql.database.reading`.
        """
        if self._engine.dialect.name == "postgresql":
            return self._search_postgres(query, k, video_ids, CHANNELS if channels is None else list(channels))
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

    def _search_postgres(
        self, query: str, k: int, video_ids: Sequence[str] | None, channels: Sequence[Channel]
    ) -> list[TextHit]:
        terms = [fulltext_postgres.term_of(t.words, t.prefix) for t in terms_of(fulltext_postgres.folded(query))]
        if not terms:
            return []
        with reading(self._engine) as connection:
            revision = connection.execute(select(CounterRow.value).where(CounterRow.name == "revision")).scalar() or 0
            if self._size[0] != revision:
                # Counting reads the whole table; between two commits it is done once.
                self._size = revision, fulltext_postgres.index_size(connection)
            rows = fulltext_postgres.search(connection, self._size[1], terms, k, video_ids, channels)
        return [TextHit(*row) for row in rows]


def indexed_body(connection: Connection, search_text: str) -> str:
    """``search_text`` as the index of that database holds it."""
    if connection.dialect.name == "postgresql":
        return fulltext_postgres.body_of(words_of(fulltext_postgres.folded(search_text)))
    return spaced(search_text)


def index_lines(connection: Connection, video_id: str, stage: str, nothing: bool = False) -> None:
    """Replaces the lines of one stage of one video by what the view ``evidence`` shows of it.

    Call it in the transaction that changed the rows, after the stage run became active.

    Args:
        nothing: whether there surely are neither lines to replace nor rows to show.
    """
    if nothing:
        return
    forget_lines(connection, video_id, stage)
    of_stage = (EVIDENCE.c.video_id == video_id) & (EVIDENCE.c.stage == stage)
    rows = connection.execute(EVIDENCE.select().where(of_stage)).all()
    if connection.dialect.name == "postgresql":
        fulltext_postgres.index_rows(
            connection,
            [
                {
                    "evidence_id": row.evidence_id,
                    "video_id": video_id,
                    "stage": stage,
                    "channel": row.channel,
                    "body": indexed_body(connection, row.search_text),
                }
                for row in rows
            ],
        )
        return
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
    if connection.dialect.name == "postgresql":
        fulltext_postgres.forget_rows(connection, video_id, stage)
        return
    values = {"video_id": video_id, "stage": stage}
    chosen = "FROM evidence_lines WHERE video_id = :video_id AND stage = :stage"
    connection.execute(text(f"DELETE FROM evidence_fts WHERE rowid IN (SELECT line {chosen})"), values)
    connection.execute(text(f"DELETE {chosen}"), values)
