"""Whether the server is there, and ready."""

from __future__ import annotations

from fastapi import APIRouter

from kinodex import __version__
from kinodex.schemas.base import Document

router = APIRouter(tags=["health"])


class HealthDocument(Document):
    """The server runs."""

    status: str
    version: str


@router.get("/health")
def health() -> HealthDocument:
    """Whether the server runs."""
    return HealthDocument(status="ok", version=__version__)
