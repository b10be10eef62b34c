"""Fixtures of all Python tests: one server for each test process, one user for each test."""
import pathlib
import resource

import pytest

from harness.client import VERSIONS, Client
from harness.server import Server


OPEN_FILES_WANTED = 8192  # some tests hold thousands of connections


def pytest_configure():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(OPEN_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server.start(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


@pytest.fixture
def user(server):
    return server.add_user()


def pytest_generate_tests(metafunc):
    """Whoever asks for a client is run with every release, or with those that the test names."""
    if "version" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("versions")
        metafunc.parametrize("version", mark.args if mark else VERSIONS)


@pytest.fixture
def client(version, server, user, tmp_path) -> Client:
    return Client(version, server, user, pathlib.Path(tmp_path))
