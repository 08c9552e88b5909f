"""Names of what decisions about tags are made with: other names, perhaps other decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from agents.tagging.learning import chosen
from agents.tagging.rank import ABSTAIN, ACCEPT

if TYPE_CHECKING:
    from agents.llm import LLM
    from encoders.bundle import Encoders
    from stores.core.records import Tag
    from stores.library_store import LibraryStore

FORM = 4
"""Raised when the sources or the decision change what they say of the same evidence."""


def vocabulary_of(tags: Iterable[Tag]) -> str:
    """A name for tags as they are now, in whatever order."""
    made = hashlib.blake2b(digest_size=12)
    for tag in sorted(tags, key=lambda one: one.tag_id):
        row = (tag.tag_id, tag.name, tag.facet, *tag.aliases, "", tag.parent, tag.language, tag.status)
        made.update("\0".join(row).encode("utf-8", "surrogatepass") + b"\1")
    return made.hexdigest()


def ranker_of(store: LibraryStore, encoders: Encoders, llm: LLM | None) -> str:
    """A name for all but tags and videos: the ranker with what it has learned in this library, thresholds, models."""
    models = (encoders.revision("image_text"), encoders.revision("concepts"))
    learned = chosen(store, encoders, ()).name
    judge = f"{llm.settings.address} {llm.settings.model}" if llm is not None else ""
    parts = (str(FORM), *models, judge, learned, str(ACCEPT), str(ABSTAIN))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
