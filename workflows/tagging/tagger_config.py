"""What the actors of tagging open, in a module of its own: a driver that makes it need not wait for Ray."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stores.core.places import Places

if TYPE_CHECKING:
    from agents.llm import EndpointSettings
    from encoders.registry.rows import RegistryRows


@dataclass(frozen=True, slots=True)
class TaggerConfig:
    """What every actor opens; small, and without live objects.

    Attributes:
        root, places: of the library.
        profile, threads, device, pins, added: of the models, as in `workflows.executors.ray.actor.ActorConfig`.
        pulled: whether models come from the hub: they take more memory.
        endpoint: of a language model that judges; None for none.
        videos: how many will be decided about, by all actors.
        address: of a Ray cluster to join; None starts one on this machine for the batch.
    """

    root: str
    places: Places
    profile: str
    threads: int
    device: str
    pins: Mapping[str, str]
    added: RegistryRows | None = None
    pulled: bool = False
    endpoint: EndpointSettings | None = None
    address: str | None = None
    videos: int = 1
