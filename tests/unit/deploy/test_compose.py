"""compose.yaml against the parts of the Compose specification it uses, and against itself."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from .support import DEPLOY, ROOT, documents, schema

(COMPOSE,) = documents(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_is_a_compose_file():
    schema("compose_schema.json").validate(COMPOSE)


def test_the_schema_finds_a_misspelt_element():
    wrong = COMPOSE | {"services": SERVICES | {"worker": SERVICES["worker"] | {"enviroment": {}}}}
    with pytest.raises(jsonschema.ValidationError):
        schema("compose_schema.json").validate(wrong)


def test_nobody_waits_for_health_that_is_never_told():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy", name
            assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other}"


def test_volumes_are_declared_and_used():
    used = set()
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = re.split(r":(?=/)", volume)[0]
            if source.startswith("."):
                assert (DEPLOY / source).is_file()
            elif not source.startswith("$"):
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_images_are_built_from_files_that_are_there():
    for service in SERVICES.values():
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert context.resolve() == ROOT
            assert (context / service["build"]["dockerfile"]).is_file()


def test_variables_are_explained_in_the_example():
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    asked |= {
        name for service in SERVICES.values() for name, value in service.get("environment", {}).items() if value is None
    }
    explained = set(re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.M))
    assert asked == explained


def test_no_secret_is_written_down():
    assert re.search(r"^POSTGRES_PASSWORD=$", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.M)
    assert not (DEPLOY / ".env").exists() or ".env" in (DEPLOY / ".gitignore").read_text(encoding="utf-8").split()


def test_videos_cannot_be_written_and_ours_run_confined():
    for service in SERVICES.values():
        assert all(volume.endswith(":ro") for volume in service["volumes"] if ":/media" in volume)
        if service["image"].startswith("kinodex"):
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
