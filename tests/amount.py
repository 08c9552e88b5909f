"""How much is tested: all of it with ``KINODEX_CHAOS=full``, else a part of what takes long or is rare to break."""

from __future__ import annotations

import os

import pytest

FULL = os.environ.get("KINODEX_CHAOS") == "full"

full_only = pytest.mark.skipif(not FULL, reason="KINODEX_CHAOS=full")
