from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.planted.library import Planted, build


@pytest.fixture(scope="session")
def planted_library(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """The planted library; ``KINODEX_PLANTED`` names a folder where it is kept from one run to the next."""
    kept = os.environ.get("KINODEX_PLANTED")
    return build(Path(kept) if kept else tmp_path_factory.mktemp("planted"))
