"""Debian's Chromium, as the tests of the page use it."""
import json
import os
import pathlib
import select
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANSWER_SECONDS_MAX = 120


class PageFailed(AssertionError):
    pass


class Browser:
    """One browser with one tab and a fresh profile. Every method of browser.mjs is a method here."""

    def __init__(self, log: pathlib.Path):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen([ROOT / "tools/with_node.sh", "node", pathlib.Path(__file__).with_name("browser.mjs")],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out)

    def __getattr__(self, method: str):
        if method.startswith("_"):
            raise AttributeError(method)
        return lambda *arguments: self.ask(method, *arguments)

    def ask(self, method: str, *arguments):
        self.process.stdin.write(json.dumps({"method": method, "arguments": arguments}).encode() + b"\n")
        self.process.stdin.flush()
        readable, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS_MAX)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            raise PageFailed(f"the browser gave no answer to {method}{arguments}:\n{self.log.read_text(errors='replace')}")
        answer = json.loads(line)
        if "error" in answer:
            raise PageFailed(f"{method}{arguments}: {answer['error']}\nat {answer['at']}\n{answer['text'][:3000]}")
        return answer["value"]

    def wait(self, script: str, seconds_max: float = 20) -> None:
        """Until the JavaScript expression is true."""
        self.ask("wait", script, seconds_max)

    def wait_attribute(self, selector: str, name: str, value, seconds_max: float = 20) -> None:
        self.wait(f"document.querySelector({json.dumps(selector)})?.getAttribute({json.dumps(name)}) === {json.dumps(str(value))}", seconds_max)

    def wait_text(self, selector: str, text: str, seconds_max: float = 20) -> None:
        self.wait(f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(text)})", seconds_max)

    def wait_count(self, selector: str, count: int, seconds_max: float = 20) -> None:
        self.wait(f"document.querySelectorAll({json.dumps(selector)}).length === {count}", seconds_max)

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def install() -> None:
    """The package that drives the browser, where the page's own packages are."""
    web = ROOT / "web"
    installed = web / "node_modules/.package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (web / "package-lock.json").stat().st_mtime:
        return
    subprocess.run([ROOT / "tools/with_node.sh", "npm", "ci", "--no-audit", "--no-fund"], cwd=web, check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ})
