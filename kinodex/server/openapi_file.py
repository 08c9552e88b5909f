"""The OpenAPI document as it is checked in: ``python -m kinodex.server.openapi_file`` prints it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.openapi import document_of


def printed() -> str:
    """The document, one key a line, so that changes can be read."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library") as library:
        return json.dumps(document_of(create_app(library)), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(printed())
