"""Libraries whose tables and vectors are on servers that a test can kill."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.snapshot import Place
from tests.servers.running import ChromaServer, Postgres


class Served:
    """Settings of libraries on one Postgres and one Chroma server."""

    def __init__(self, postgres: Postgres, chroma: ChromaServer, folder: Path) -> None:
        self.postgres = postgres
        self.chroma = chroma
        self._folder = folder

    def library(self, name: str, root: Path) -> Place:
        """A library that does not exist yet."""
        return Place(root, self.postgres.schema_url(name), f"{self.chroma.url}/{name}")

    def options(self, place: Place) -> tuple[object, ...]:
        """What the command line needs to use a library."""
        settings = self._folder / f"{place.root.name}-{abs(hash(place.root))}.toml"
        settings.write_text(f'database = "{place.database}"\nvectors = "{place.vectors}"\n')
        return "--library", place.root, "--config", settings
