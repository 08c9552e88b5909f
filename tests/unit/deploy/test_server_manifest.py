"""The Deployment of the web app: its door, its probes, how it ends, and the settings that it is given."""

from __future__ import annotations

import tomllib
from typing import Any

from kinodex.jobs.supervisor import STOP_SECONDS
from kinodex.server.app import ROUTERS
from kinodex.server.perimeter import LOOPBACK
from kinodex.server.running import GRACE_SECONDS
from kinodex.settings import ServerSettings

from .support import KUBERAY, documents

STORED: dict[str, dict[str, Any]] = {document["kind"]: document for document in documents(KUBERAY / "server.yaml")}
POD: dict[str, Any] = STORED["Deployment"]["spec"]["template"]["spec"]
CONTAINERS: dict[str, dict[str, Any]] = {container["name"]: container for container in POD["containers"]}
SERVER = CONTAINERS["server"]
SETTINGS = ServerSettings.model_validate(tomllib.loads(STORED["ConfigMap"]["data"]["kinodex.toml"])["server"])


def test_it_is_one_and_never_two_at_a_time():
    assert STORED["Deployment"]["spec"]["replicas"] == 1
    assert STORED["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}


def test_the_door_leads_to_the_server_under_a_name_that_it_answers_to():
    (rule,), (tls,) = STORED["Ingress"]["spec"]["rules"], STORED["Ingress"]["spec"]["tls"]
    assert tuple(tls["hosts"]) == (rule["host"],) == SETTINGS.allowed_hosts
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == STORED["Service"]["metadata"]["name"]
    (port,) = STORED["Service"]["spec"]["ports"]
    assert path["backend"]["service"]["port"]["name"] == port["name"]
    assert {"name": port["targetPort"], "containerPort": SETTINGS.port} in SERVER["ports"]
    labels = STORED["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert STORED["Service"]["spec"]["selector"].items() <= labels.items()


def test_nobody_who_is_believed_gets_in_but_the_ingress_controller():
    spec = STORED["NetworkPolicy"]["spec"]
    labels = STORED["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    assert spec["policyTypes"] == ["Ingress"]
    ((allowed,),) = [rule["from"] for rule in spec["ingress"]]
    assert set(allowed) == {"namespaceSelector"}
    assert SETTINGS.trusted_proxies


def test_probes_ask_for_what_there_is_under_a_name_that_is_answered():
    paths = {f"/api/v1{route.path}" for router in ROUTERS for route in router.routes}
    asked = {name: SERVER[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    for probe in asked.values():
        assert probe["path"] in paths
        assert {header["name"]: header["value"] for header in probe["httpHeaders"]}["Host"] in LOOPBACK
    # A database that is away makes it unready, and no restart would help.
    assert asked["livenessProbe"]["path"] != asked["readinessProbe"]["path"]


def test_it_has_the_time_to_end_in_order():
    waits = SERVER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] > waits + GRACE_SECONDS + STOP_SECONDS


def test_jobs_have_a_worker_of_their_own_that_works_here():
    assert CONTAINERS["jobs"]["args"] == ["jobs", "work"]
    assert not SETTINGS.worker
    for container in CONTAINERS.values():
        assert {"name": "KINODEX_EXECUTOR", "value": "local"} in container["env"]
        assert {"name": "settings", "mountPath": "/etc/kinodex", "readOnly": True} in container["volumeMounts"]


def test_metrics_are_not_public():
    assert not SETTINGS.metrics
