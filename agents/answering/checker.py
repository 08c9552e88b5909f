"""The citation contract: no claim is shown unless every pointer resolves to stored evidence that supports it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.claims import Citation, Claim
from agents.answering.polarity import polarity_agrees
from agents.search.scoring import TEXT_FLOOR, query_scales
from agents.words import content_terms, coverage
from encoders.bundle import Encoders
from stores.core.records import Evidence
from stores.library_store import LibraryStore

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


class CitationChecker:
    """Checks claims against one library's store."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._encoders = encoders

    def check(
        self, claims: Sequence[Claim], question: str, video_ids: Sequence[str] | None = None
    ) -> tuple[Claim, ...]:
        """The claims that are supported, each with the citations that resolve. All else is dropped, not repaired.

        Args:
            question: claims may repeat its numbers.
            video_ids: the videos that may be cited; None for all.
        """
        wanted = [citation.evidence_id for claim in claims for citation in claim.citations]
        stored = self._store.catalog.evidence(wanted)
        videos = {line.video_id: self._store.catalog.video(line.video_id) for line in stored.values()}
        kept = []
        for claim in claims:
            citations = []
            for citation in claim.citations:
                line = stored.get(citation.evidence_id)
                video = videos.get(citation.video_id)
                allowed = video_ids is None or citation.video_id in video_ids
                if (
                    line
                    and video
                    and allowed
                    and _resolves(citation, line)
                    and line.span.start < max(1, video.duration)
                ):
                    citations.append(citation)
            if citations and self._supported(claim.text, question, [stored[c.evidence_id] for c in citations]):
                kept.append(Claim(claim.text, tuple(citations)))
        return tuple(kept)

    def _supported(self, text: str, question: str, lines: Sequence[Evidence]) -> bool:
        """Whether lines have every number of a text, deny what it denies, and have its words or a similar meaning."""
        material = " ".join(f"{line.text} {line.search_text}" for line in lines)
        allowed = set(_NUMBER.findall(material)) | set(_NUMBER.findall(question))
        if not set(_NUMBER.findall(text)) <= allowed:
            return False
        if not polarity_agrees(text, {part for line in lines for part in (line.text, line.search_text)}):
            return False
        if coverage(content_terms(text), material) >= 0.5:
            return True
        claim = self._encoders.text.encode_queries([text])
        (scale,) = query_scales(claim, self._encoders.concepts)
        near = self._encoders.text.encode_passages([line.text for line in lines]) @ claim[0]
        return scale.z(float(near.max())) >= TEXT_FLOOR + 1.0


def _resolves(citation: Citation, line: Evidence) -> bool:
    return (
        citation.video_id == line.video_id
        and citation.span == line.span
        and citation.channel == line.channel
        and citation.quote in line.text
    )
