"""Fixtures of all Python tests: one server for each test process, one user for each test."""
import pathlib

import pytest

from harness.client import VERSIONS, Client
from harness.server import Server


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
