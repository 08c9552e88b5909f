"""compose.yaml against the parts of the Compose specification it uses, and against itself."""

from __future__ import annotations

import re
import tomllib
from ipaddress import ip_address, ip_network
from typing import Any

import jsonschema
import pytest

from kinodex.jobs.supervisor import STOP_SECONDS
from kinodex.server.app import ROUTERS
from kinodex.server.running import GRACE_SECONDS
from kinodex.settings import ServerSettings

from .support import DEPLOY, ROOT, documents, schema

(COMPOSE,) = documents(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CADDYFILE = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
SERVER = ServerSettings.model_validate(tomllib.loads((DEPLOY / "kinodex.toml").read_text(encoding="utf-8"))["server"])


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
        if service["image"].startswith(("kinodex", "caddy")):
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]


def seconds(duration: str) -> float:
    ((number, unit),) = re.findall(r"(\d+)(s|m)", duration)
    return float(number) * {"s": 1, "m": 60}[unit]


def test_only_the_proxy_is_reached_from_outside_and_only_the_server_from_it():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert {name for name, service in SERVICES.items() if "front" in service.get("networks", ())} == {"proxy", "server"}
    assert set(SERVICES["proxy"]["networks"]) == {"front"}
    assert set(SERVICES["server"]["networks"]) == {"default", "front"}


def test_the_server_believes_the_proxy_and_nobody_else():
    address = SERVICES["proxy"]["networks"]["front"]["ipv4_address"]
    assert SERVER.trusted_proxies == (address,)
    (addresses,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert ip_address(address) in ip_network(addresses["subnet"])
    assert ip_address(address) not in ip_network(addresses["ip_range"])
    assert ip_network(addresses["ip_range"]).subnet_of(ip_network(addresses["subnet"]))


def test_the_proxy_asks_the_server_where_it_is_and_under_the_name_that_it_answers_to():
    (asked,) = re.findall(r"reverse_proxy (\w+):(\d+)", CADDYFILE)
    assert asked[0] in SERVICES
    assert int(asked[1]) == SERVER.port
    assert SERVICES["proxy"]["environment"]["SITE"] in SERVICES["server"]["environment"]["KINODEX_ALLOWED_HOSTS"]
    assert "{$SITE} {" in CADDYFILE


def test_the_proxy_takes_bodies_as_large_as_the_server_does_and_keeps_metrics_inside():
    (limit,) = re.findall(r"max_size (\d+)MB", CADDYFILE)
    assert int(limit) * 1_000_000 == SERVER.body_limit
    assert "@inside path /metrics" in CADDYFILE
    assert "respond @inside 404" in CADDYFILE


def test_the_server_is_healthy_once_it_is_ready():
    url = SERVICES["server"]["healthcheck"]["test"][-1]
    path = url.removeprefix(f"http://127.0.0.1:{SERVER.port}/api/v1")
    assert path in {route.path for router in ROUTERS for route in router.routes}


def test_what_stops_has_the_time_that_it_takes():
    assert seconds(SERVICES["server"]["stop_grace_period"]) > GRACE_SECONDS + STOP_SECONDS
    assert seconds(SERVICES["jobs"]["stop_grace_period"]) > STOP_SECONDS
    (grace,) = re.findall(r"grace_period (\d+s)", CADDYFILE)
    assert seconds(SERVICES["proxy"]["stop_grace_period"]) > seconds(grace)


def test_jobs_are_done_by_one_worker():
    assert SERVICES["jobs"]["command"] == ["jobs", "work"]
    assert not SERVER.worker
    assert [str(root) for root in SERVER.ingest_roots or ()] == ["/media"]
