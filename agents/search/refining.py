"""Optional steps after recall: rescoring and reranking of the best candidates."""

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
    """Steps after recall. All are off by default, since each adds to the time of every query.

    Attributes:
        rescore: ``socratic`` multiplies the picture score by the scores of speech and captions
            (`agents.search.rescoring`).
        rerank: ``itm`` reranks by an image-text matching model (`agents.search.reranking`); ``auto`` does so if the
            profile has one.
        top_k: how many candidates are reranked; each costs a seek in its file and a forward pass of the model. Source:
            BLIP's official retrieval reranks 128 of 1,000 videos, on GPUs; ours is lower, for CPUs.
    """

    rescore: Literal["off", "socratic"] = "off"
    rerank: Literal["off", "itm", "auto"] = "off"
    top_k: int = 16


AS_RECALLED = SearchConfig()
"""No steps after recall."""


def refined(
    query: str, ordered: list[Candidate], store: LibraryStore, spaces: Spaces, config: SearchConfig, trace: SearchTrace
) -> list[Candidate]:
    """Candidates, best first, after the steps that the config asks for.

    Raises:
        WeightsError: ``missing`` if the profile has no model for ``rerank = "itm"``, or its weights are not here.
    """
    encoders = spaces.present.query_encoders
    if config.rescore == "socratic":
        ordered = rescored(ordered, store, spaces, trace)
    if config.rerank == "itm" or (config.rerank == "auto" and encoders.has("ranker")):
        # Imported here, so that searches without reranking do not wait for the decoders to load.
        from agents.search.reranking import reranked

        ordered = reranked(query, ordered, store, encoders, config.top_k, trace)
    return ordered
