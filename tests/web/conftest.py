"""A browser for each test, signed in as the test's user."""
import pathlib
import sys

import pytest

from harness.client import NEWEST, Client

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser, install  # noqa: E402


@pytest.fixture(scope="session")
def driver():
    install()


@pytest.fixture
def stranger(driver, tmp_path):
    """A browser that nobody has signed in with."""
    browser = Browser(tmp_path / "browser.log")
    yield browser
    browser.close()


@pytest.fixture
def page(stranger, server, user):
    """A signed-in browser. A fault in the page's scripts, or a request to another host, fails the test."""
    sign_in(stranger, server, user)
    yield stranger
    assert stranger.problems() == []
    assert stranger.hosts() == [f"127.0.0.1:{server.port}"]


@pytest.fixture
def trainer(server, user, tmp_path) -> Client:
    """The newest client; the page is the same for all."""
    return Client(NEWEST, server, user, tmp_path / "trainer")


def sign_in(browser, server, user) -> None:
    browser.goto(f"{server.url}/login")
    browser.see("#key")
    browser.fill("#key", user.key)
    browser.press("Enter")
    browser.wait_text("h1", f"Projects of {user.name}")
