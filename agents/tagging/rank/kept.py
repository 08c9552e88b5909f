"""Rankers as bytes, to be kept in the library."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank import neighbours
from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.likeness import NeighbourRanker
from agents.tagging.rank.logistic import LogisticRanker
from agents.tagging.rank.network.attention import AttentionRanker, Names, restored
from agents.tagging.rank.prior import Prior
from encoders.training.config import CrossModalConfig

FORM = 3
"""Raised when what is kept changes; what is older is learned again where judgements are learned from the next time."""

_OLDER = (
    1,  # vectors were compared as they are, and rungs trusted wholly
    2,  # networks read clips alone
)

Learned = Prior | NeighbourRanker | LogisticRanker | AttentionRanker

_NETWORK = "network."  # before the names of its weights

_Arrays = Mapping[str, NDArray[np.generic]]


def to_bytes(ranker: Learned, space: str, threshold: float) -> bytes:
    """A NumPy archive without pickles.

    Args:
        space: names the models that made the vectors of videos.
        threshold: from which tags are accepted.
    """
    about: dict[str, Any] = {"form": FORM, "space": space, "threshold": threshold, "kind": type(ranker).__name__}
    arrays: dict[str, NDArray[np.generic]] = {}
    if isinstance(ranker, LogisticRanker):
        about["sources"] = ranker.sources
        arrays["weights"] = ranker.weights
        near: NeighbourRanker | None = ranker.before
    elif isinstance(ranker, AttentionRanker):
        about["network"] = ranker.config.named()
        arrays |= {f"{_NETWORK}{name}": values for name, values in ranker.weights.items()}
        arrays["projected"] = ranker.projected
        if ranker.names is not None:
            names = ranker.names
            about["names"] = {"tags": sorted(names.places, key=lambda one: names.places[one]), "sources": names.sources}
            arrays |= {"name_facets": names.facets, "names": names.projected}
        near = ranker.before
    else:
        near = ranker if isinstance(ranker, NeighbourRanker) else None
    if isinstance(ranker, LogisticRanker | AttentionRanker):
        about["trust"] = ranker.trust
    prior = ranker if isinstance(ranker, Prior) else near.prior if near is not None else Prior()
    known = prior.calibration
    about["prior"] = {
        "maps": {source: list(both) for source, both in known.maps.items()},
        "facets": dict(known.facets),
        "tags": dict(known.tags),
        "shares": dict(prior.shares),
    }
    if near is not None:
        arrays |= neighbours.arrays(near.known, near.spread)
        about["videos"] = sorted(near.places, key=lambda one: near.places[one])
        about["judged_tags"] = sorted(near.tags, key=lambda one: near.tags[one])
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def from_bytes(body: bytes, facets: Mapping[str, str]) -> tuple[Learned, str, float]:
    """The ranker, the space of its vectors and its threshold.

    Args:
        facets: of all tags.

    Raises:
        ValueError: if it is damaged or of another form.
    """
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(bytes(arrays.pop("about")).decode())
        if about["form"] not in (*_OLDER, FORM):
            raise ValueError(f"form {about['form']}")
        return _ranker(about, arrays, facets), str(about["space"]), float(about["threshold"])
    except (KeyError, TypeError, EOFError, OSError, IndexError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"damaged: {error!r}") from error


def _ranker(about: Mapping[str, Any], arrays: _Arrays, facets: Mapping[str, str]) -> Learned:
    said = about["prior"]
    maps = {source: (float(both[0]), float(both[1])) for source, both in said["maps"].items()}
    prior = Prior(Calibration(maps, said["facets"], said["tags"]), facets, said["shares"])
    if about["kind"] == "Prior":
        return prior
    known, spread = neighbours.from_arrays(arrays)
    places = {video: at for at, video in enumerate(about["videos"])}
    tags = {tag: at for at, tag in enumerate(about["judged_tags"])}
    if len(places) != len(known.vectors) or len(tags) != len(known.share):
        raise ValueError("damaged: names and numbers do not fit")
    near = NeighbourRanker(prior, known, spread, places, tags)
    if about["kind"] == "NeighbourRanker":
        return near
    if about["kind"] == "AttentionRanker":
        trust, names = float(about.get("trust", 1.0)), _names(about.get("names"), arrays)
        return replace(_with_network(near, about["network"], arrays), names=names, trust=trust)
    weights = arrays["weights"].astype(np.float64)
    if len(weights) != len(tags) + 1:
        raise ValueError("damaged: names and weights do not fit")
    return LogisticRanker(near, tuple(about["sources"]), weights, float(about.get("trust", 1.0)))


def _names(about: Mapping[str, Any] | None, arrays: _Arrays) -> Names | None:
    """What a network that reads what was recalled knows of tags; None of one that does not."""
    if about is None:
        return None
    places = {tag: at for at, tag in enumerate(about["tags"])}
    facets, projected = arrays["name_facets"].astype(np.int64), arrays["names"].astype(np.float32)
    if not len(places) == len(facets) == len(projected):
        raise ValueError("damaged: tags and what is known of them do not fit")
    return Names(places, tuple(about["sources"]), facets, projected)


def _with_network(near: NeighbourRanker, config: Mapping[str, Any], arrays: _Arrays) -> AttentionRanker:
    weights = {
        name.removeprefix(_NETWORK): values.astype(np.float32)
        for name, values in arrays.items()
        if name.startswith(_NETWORK)
    }
    projected = arrays["projected"].astype(np.float32)
    if len(projected) != len(near.tags):
        raise ValueError("damaged: tags and their projections do not fit")
    return restored(near, CrossModalConfig(**config), weights, projected=projected)
