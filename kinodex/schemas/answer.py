"""An answer, with the moments that each of its claims rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from agents.answering.claims import Answer, Citation, Claim
    from stores.threads.records import ThreadCitation, ThreadClaim


class CitationDocument(Document):
    """A claim's pointer to stored evidence; ``start`` and ``end`` in seconds."""

    evidence_id: str
    video_id: str
    uri: str
    start: Number
    end: Number
    channel: str
    quote: str


class ClaimDocument(Document):
    """One sentence of the answer, with what it rests on.

    Attributes:
        citations: empty only where the rows of a query are counted and there are none.
        basis: ``quote``, ``words``, ``seen``, ``computed`` or ``listed``, as `agents.answering.claims.Basis`.
        value: the part of ``text`` that was computed, else "".
        sql: the query whose rows were counted, else "".
    """

    text: str
    citations: list[CitationDocument]
    basis: str
    value: str
    sql: str


class AnswerDocument(Document):
    """What `kinodex ask` answers.

    Attributes:
        abstained: whether the library holds no answer.
        mode: ``extractive``, or ``llm`` if a language model wrote it.
    """

    question: str
    answer: str
    abstained: bool
    mode: str
    claims: list[ClaimDocument]


def answer(given: Answer, uris: Mapping[str, str]) -> AnswerDocument:
    """The document of an answer.

    Args:
        uris: of each video, by id.
    """
    return AnswerDocument(
        question=given.question,
        answer=given.text,
        abstained=given.abstained,
        mode=given.mode,
        claims=[claim(one, uris) for one in given.claims],
    )


def claim(one: Claim | ThreadClaim, uris: Mapping[str, str]) -> ClaimDocument:
    """The document of a claim.

    Args:
        uris: of each video, by id.
    """
    cited = [_citation(citation, uris) for citation in one.citations]
    return ClaimDocument(text=one.text, citations=cited, basis=one.basis, value=one.value, sql=one.sql)


def _citation(one: Citation | ThreadCitation, uris: Mapping[str, str]) -> CitationDocument:
    start, end = one.span.seconds
    return CitationDocument(
        evidence_id=one.evidence_id,
        video_id=one.video_id,
        uri=uris.get(one.video_id, ""),
        start=start,
        end=end,
        channel=one.channel,
        quote=one.quote,
    )
