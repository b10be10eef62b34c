"""What `regatta serve` can be told, and what its operators read: TLS, a configuration file, an outer address, metrics."""
import contextlib
import json
import re
import ssl
import subprocess
import time
import urllib.request

import pytest

from harness.server import BINARY, Server, User, basic

UPLOAD = """mutation C($e: String!) { createRunFiles(input: {entityName: $e, projectName: "p", runName: "r", files: ["a.txt"]}) {
            files { uploadUrl } } }"""


def wait_until(is_so, seconds_max=30):
    deadline = time.monotonic() + seconds_max
    while not (found := is_so()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    return folder


@contextlib.contextmanager
def spawned(tmp_path, *arguments):
    """A server of which only the address is known from its own words: (url, process)."""
    log = tmp_path / "log"
    process = Server.spawn(tmp_path / "data", *arguments, log=log)
    try:
        url = wait_until(lambda: process.poll() is not None or re.search(r"serves (https?://\S+)\n", log.read_text()))
        assert process.poll() is None, log.read_text()
        yield url.group(1), process
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_everything_is_served_over_tls(tmp_path, certificate):
    with spawned(tmp_path, "--tls-cert", str(certificate / "cert.pem"), "--tls-key", str(certificate / "key.pem")) as (url, _):
        assert url.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
        assert urllib.request.urlopen(url + "/ready", context=trusted).status == 200
        key = (tmp_path / "data/api-key").read_text().strip()
        request = urllib.request.Request(url + "/graphql", json.dumps({"query": "query { viewer { admin } }"}).encode(),
                                         {"Content-Type": "application/json", **basic(key)})
        assert json.load(urllib.request.urlopen(request, context=trusted))["data"]["viewer"]["admin"] is True
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(url + "/ready", context=ssl.create_default_context())
        with pytest.raises(OSError):  # and nothing in the clear
            urllib.request.urlopen(url.replace("https", "http") + "/ready")


def refusal(tmp_path, *arguments) -> str:
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", *map(str, arguments)],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -6, -11), done.returncode
    return done.stdout + done.stderr


def test_half_of_a_tls_pair_or_a_key_of_another_certificate_is_refused(tmp_path, certificate):
    assert "tls" in refusal(tmp_path, "--tls-cert", certificate / "cert.pem").lower()
    assert "tls" in refusal(tmp_path, "--tls-key", certificate / "key.pem").lower()
    subprocess.run(["openssl", "genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", tmp_path / "other.pem"],
                   check=True, capture_output=True)
    assert "other.pem" in refusal(tmp_path, "--tls-cert", certificate / "cert.pem", "--tls-key", tmp_path / "other.pem")


def test_a_configuration_file_says_the_same_as_options(tmp_path):
    config = tmp_path / "regatta.conf"
    config.write_text("# the office\nbase-url = \"https://tracking.example.org\"\nuser = \"captain\"\nopen = true\nlisten = \"0.0.0.0:0\"\n")
    with Server.start(tmp_path / "data", "--config", str(config)) as server:  # the harness gives --listen, which wins
        assert server.request("POST", "/graphql", {"query": "query { viewer { username } }"}).json()["data"]["viewer"]["username"] == "captain"
        captain = User("captain", server.admin_key)
        server.create_run(captain, "p", "r")
        made = server.graphql(UPLOAD, {"e": "captain"}, key=captain.key)["createRunFiles"]["files"][0]["uploadUrl"]
        assert made.startswith("https://tracking.example.org/upload/")


@pytest.mark.parametrize("text,word", [("no-such-option = 1\n", "no-such-option"), ("threads = many\n", "threads"), ("threads = 0\n", "threads")])
def test_a_mistake_in_a_configuration_file_is_named(tmp_path, text, word):
    (tmp_path / "regatta.conf").write_text(text)
    assert word in refusal(tmp_path, "--config", tmp_path / "regatta.conf")


@pytest.mark.parametrize("level,is_told", [(None, True), ("info", True), ("warning", False), ("error", False)])
def test_the_log_has_the_lines_of_its_level(tmp_path, level, is_told):
    with spawned(tmp_path, *(("--log-level", level) if level else ())):
        pass
    assert (re.search(r" info serve: signal 15", (tmp_path / "log").read_text()) is not None) == is_told


def test_a_level_that_there_is_not_is_refused_with_those_that_there_are(tmp_path):
    (tmp_path / "regatta.conf").write_text("log-level = loud\n")
    for arguments in (["--log-level", "loud"], ["--config", tmp_path / "regatta.conf"]):
        said = refusal(tmp_path, *arguments)
        assert "log-level" in said and all(level in said for level in ("info", "warning", "error")), said
    (tmp_path / "regatta.conf").write_text("log-level = error\n")
    with spawned(tmp_path, "--config", str(tmp_path / "regatta.conf")):
        pass
    assert "signal 15" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", ":0", "[::]:0", "127.0.0.1.example.org:0"])
def test_open_is_for_the_loopback_only(tmp_path, listen):
    done = subprocess.run([BINARY, "serve", "--open", "--listen", listen, "--data", tmp_path / "data"], capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -6, -11) and not (tmp_path / "data/api-key").exists()
    assert listen in done.stderr, done.stderr


SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})? (-?[0-9.eE+-]+|\+Inf|NaN)")


def parse_metrics(text: str) -> dict:
    """Prometheus' text format 0.0.4, strictly: {family: (type, {(name, labels): value})}."""
    assert text.endswith("\n")
    families, helped, current = {}, set(), None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families and kind in ("counter", "gauge", "histogram"), line
            current, families[name] = name, (kind, {})
        else:
            match = SAMPLE.fullmatch(line)
            assert match and current, line
            kind, samples = families[current]
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            assert match.group(1) in {current + suffix for suffix in suffixes}, line
            assert (match.group(1), match.group(2)) not in samples, f"twice: {line}"
            samples[match.group(1), match.group(2)] = float(match.group(3))
    assert helped == set(families)
    return families


def test_metrics_are_valid_prometheus_text_and_count_what_was_done(tmp_path):
    with Server.start(tmp_path / "data") as server:
        user = User("admin", server.admin_key)
        server.create_run(user, "p", "r")
        for i in range(5):
            assert server.file_stream(user, "p", "r", {"files": {"output.log": {"offset": i, "content": ["x"]}}}).status == 200
        server.get("/no/such\"route\\with\nnothing".replace("\n", "%0a").replace("\"", "%22").replace("\\", "%5c"))
        # An answer is counted when it has been sent, which its reader may know first.
        wait_until(lambda: re.search(r'file_stream",status="200"} 5\n', server.get("/metrics").text))
        reply = server.get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4"), reply.headers
        families = parse_metrics(reply.text)
        kind, requests = families["regatta_http_requests_total"]
        assert kind == "counter"
        streams = {labels: value for (_, labels), value in requests.items() if "file_stream" in labels and "200" in labels}
        assert list(streams.values()) == [5.0], requests
        kind, seconds = families["regatta_http_request_seconds"]
        assert kind == "histogram"
        series = {}
        for (name, labels), value in seconds.items():
            if name.endswith("_bucket"):
                rest, bound = re.fullmatch(r"(.*?),?le=\"([^\"]+)\",?", labels).groups()
                series.setdefault(rest, []).append((float(bound.replace("+Inf", "inf")), value))
        assert series
        for rest, buckets in series.items():
            assert buckets == sorted(buckets) and buckets[-1][0] == float("inf")
            assert [value for _, value in buckets] == sorted(value for _, value in buckets)
            assert seconds["regatta_http_request_seconds_count", rest or None] == buckets[-1][1]
