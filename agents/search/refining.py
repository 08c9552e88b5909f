"""What is done with the best candidates after recall, if the settings ask for it: another score, a closer look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.search.candidates import Candidate
from agents.search.explanation import SearchTrace
from agents.search.rescoring import rescored
from agents.search.spaces import Spaces
from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Steps after recall; none unless asked for, since each costs time for every query.

    Attributes:
        rescore: ``socratic`` multiplies what is seen by what is said and captioned (`agents.search.rescoring`).
        rerank: ``itm`` has an image-grounded model look at the best (`agents.search.reranking`); ``auto`` where the
            profile has one.
        top_k: how many it looks at; each costs a forward pass of that model and a place in the file. Source: BLIP's
            official retrieval looks at 128 of 1,000 videos, on GPUs; ours is lower, for processors.
    """

    rescore: Literal["off", "socratic"] = "off"
    rerank: Literal["off", "itm", "auto"] = "off"
    top_k: int = 16


AS_RECALLED = SearchConfig()
"""No step after recall."""


def refined(
    query: str, ordered: list[Candidate], store: LibraryStore, spaces: Spaces, config: SearchConfig, trace: SearchTrace
) -> list[Candidate]:
    """``ordered``, the best first, in the order that the steps of the config give.

    Raises:
        WeightsError: ``missing`` if the profile has no model for ``rerank = "itm"``, or its weights are not here.
    """
    encoders = spaces.searched()[0].ask
    if config.rescore == "socratic":
        ordered = rescored(ordered, store, spaces, trace)
    if config.rerank == "itm" or (config.rerank == "auto" and encoders.has("ranker")):
        # Imported here: who does not look again must not wait for decoders.
        from agents.search.reranking import looked_at

        ordered = looked_at(query, ordered, store, encoders, config.top_k, trace)
    return ordered
