"""The manifests: built-in kinds against Kubernetes' own schemas, KubeRay's against what its CRDs say."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from .support import KUBERAY, ROOT, documents, pins, schema

KUBERNETES = "1.34"
RAY_KINDS = {"RayCluster", "RayJob", "RayCronJob"}
FILES = sorted(path.name for path in KUBERAY.glob("*.yaml"))
STORED = [(name, document) for name in FILES for document in documents(KUBERAY / name)]
RAY = [(name, document) for name, document in STORED if document["kind"] in RAY_KINDS]
BUILT_IN = [(name, document) for name, document in STORED if document["kind"] not in {*RAY_KINDS, "Kustomization"}]


def cluster_of(document: dict[str, Any]) -> dict[str, Any]:
    spec = document["spec"]
    return {
        "RayCluster": lambda: spec,
        "RayJob": lambda: spec["rayClusterSpec"],
        "RayCronJob": lambda: spec["jobTemplate"]["rayClusterSpec"],
    }[document["kind"]]()


def job_of(document: dict[str, Any]) -> dict[str, Any]:
    return document["spec"].get("jobTemplate", document["spec"])


def templates(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cluster = cluster_of(document)
    yield cluster["headGroupSpec"]["template"]
    for group in cluster["workerGroupSpecs"]:
        yield group["template"]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, document in RAY:
        for template in templates(document):
            yield name, template["spec"]
    for name, document in BUILT_IN:
        if document["kind"] in ("StatefulSet", "Deployment"):
            yield name, document["spec"]["template"]["spec"]


def test_there_is_a_job_a_cluster_and_a_nightly_job():
    assert {document["kind"] for _, document in RAY} == RAY_KINDS


@pytest.mark.parametrize(("name", "document"), BUILT_IN, ids=lambda value: value if isinstance(value, str) else "")
def test_kubernetes_takes_its_own_kinds(name: str, document: dict[str, Any]):
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize(("name", "document"), RAY, ids=lambda value: value if isinstance(value, str) else "")
def test_kubernetes_takes_the_pods_of_ray(name: str, document: dict[str, Any]):
    for template in templates(document):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"} | template.get("metadata", {})}
        kubernetes_validate.validate(pod | {"spec": template["spec"]}, KUBERNETES, strict=True)


@pytest.mark.parametrize(("name", "document"), RAY, ids=lambda value: value if isinstance(value, str) else "")
def test_kuberay_takes_its_kinds(name: str, document: dict[str, Any]):
    schema("kuberay_schema.json").validate(document)
    for group in cluster_of(document)["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["maxReplicas"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"backOffLimit": 3},
        {"clusterSelector": {"ray.io/cluster": "kinodex"}},
        {"submissionMode": "InteractiveMode"},
        {"submitterConfig": {"backoffLimit": 1}},
        {"shutdownAfterJobFinishes": False},
        {"deletionStrategy": {"deletionRules": [{"policy": "DeleteSelf", "condition": {"jobStatus": "FAILED"}}]}},
        {"activeDeadlineSeconds": 0},
        {"rayClusterSpec": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_schema_finds_what_kuberay_would_refuse(wrong: dict[str, Any]):
    (job,) = documents(KUBERAY / "rayjob.yaml")
    with pytest.raises(jsonschema.ValidationError):
        schema("kuberay_schema.json").validate(job | {"spec": job["spec"] | wrong})


def test_the_schema_finds_a_pod_that_the_autoscaler_cannot_replace():
    (cluster,) = copy.deepcopy(documents(KUBERAY / "raycluster.yaml"))
    cluster["spec"]["workerGroupSpecs"][0]["template"]["spec"]["restartPolicy"] = "Always"
    with pytest.raises(jsonschema.ValidationError):
        schema("kuberay_schema.json").validate(cluster)


def test_ray_is_the_pinned_one_everywhere():
    assert {cluster_of(document)["rayVersion"] for _, document in RAY} == {pins()["ray"]}


def test_all_clusters_are_one_and_the_same():
    first, *others = [cluster_of(document) for _, document in RAY]
    assert all(other == first for other in others)


def test_every_pod_is_confined_and_dies_alone():
    for name, pod in pods():
        assert pod["terminationGracePeriodSeconds"] >= 30, name
        assert pod["securityContext"]["runAsNonRoot"], name
        for container in pod["containers"]:
            resources, context = container["resources"], container["securityContext"]
            assert resources["requests"]["memory"] == resources["limits"]["memory"], name
            assert context["readOnlyRootFilesystem"], name
            assert not context["allowPrivilegeEscalation"], name


def test_only_pods_of_the_namespace_reach_the_server_that_asks_for_no_password():
    (policy,) = [
        document for name, document in BUILT_IN if (name, document["kind"]) == ("chroma.yaml", "NetworkPolicy")
    ]
    (server,) = [document for name, document in BUILT_IN if (name, document["kind"]) == ("chroma.yaml", "StatefulSet")]
    labels, spec = server["spec"]["template"]["metadata"]["labels"], policy["spec"]
    assert policy["metadata"]["namespace"] == server["metadata"]["namespace"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    assert spec["policyTypes"] == ["Ingress"]
    ((allowed,),) = [rule["from"] for rule in spec["ingress"]]
    assert allowed == {"podSelector": {}}


def test_ray_pods_leave_in_good_order_and_spill_to_a_volume():
    for name, document in RAY:
        for template in templates(document):
            (container,) = template["spec"]["containers"]
            assert container["lifecycle"]["preStop"]["exec"]["command"][-1] == "ray stop", name
            assert "/tmp/ray" in {mount["mountPath"] for mount in container["volumeMounts"]}, name


def test_no_work_on_the_head():
    assert all(cluster_of(document)["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0" for _, document in RAY)


def test_jobs_end_and_go_on_by_themselves():
    for _, document in RAY:
        if document["kind"] != "RayCluster":
            job = job_of(document)
            assert job["backoffLimit"] >= 1
            assert job["activeDeadlineSeconds"]
            assert job["preRunningDeadlineSeconds"] < job["activeDeadlineSeconds"]


def test_tagging_has_a_job_of_its_own_that_goes_on_where_it_was():
    (job,) = documents(KUBERAY / "rayjob-tag.yaml")
    assert "kinodex tag --all --since last --executor ray" in job["spec"]["entrypoint"]
    ingest, nightly = (documents(KUBERAY / name)[0] for name in ("rayjob.yaml", "raycronjob.yaml"))
    assert job["metadata"]["name"] not in {ingest["metadata"]["name"], nightly["metadata"]["name"]}


def test_nights_do_not_meet():
    (nightly,) = documents(KUBERAY / "raycronjob.yaml")
    job = job_of(nightly)
    assert (job["backoffLimit"] + 1) * job["activeDeadlineSeconds"] < 24 * 3600


def test_what_pods_refer_to_is_there():
    there = {(document["kind"], document["metadata"]["name"]) for _, document in STORED if "metadata" in document}
    for name, pod in pods():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there, name
        for container in pod["containers"]:
            for source in container.get("envFrom", ()):
                for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                    assert key not in source or (kind, source[key]["name"]) in there, name
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            claimed = {"data"} if name == "chroma.yaml" else set()
            assert mounted <= set(volumes) | claimed, name


def test_everything_is_in_one_namespace_and_what_stands_is_in_the_kustomization():
    (kustomization,) = documents(KUBERAY / "kustomization.yaml")
    assert set(kustomization["resources"]) <= set(FILES)
    for name, document in STORED:
        if document["kind"] not in {"Namespace", "Kustomization"}:
            assert document["metadata"]["namespace"] == "kinodex", name


def test_the_example_secret_is_empty_of_secrets():
    (secret,) = documents(KUBERAY / "secret.example.yaml")
    assert "PASSWORD@HOST" in secret["stringData"]["KINODEX_DATABASE"]
    assert not secret["stringData"]["AWS_SECRET_ACCESS_KEY"]


def test_the_database_driver_is_in_the_image():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"psycopg[binary]", "s3fs"} <= set(project["optional-dependencies"]["servers"])


def test_only_who_has_the_token_gives_the_cluster_work():
    assert all(cluster_of(document)["authOptions"] == {"mode": "token"} for _, document in RAY)
