#!/usr/bin/env python3
"""regatta-agent where nothing else is: as PID 1 of a PID namespace, and in an empty root folder.

Usage: isolation_test.py BINARY. Needs root for both; exits 77 (skipped) without.
"""
import http.server
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import threading


class FakeServer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    command_list = []
    runs = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = self.answer(body) if self.path == "/graphql" else {}
        text = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer(self, body):
        config = "command: " + json.dumps(FakeServer.command_list)
        if body["operationName"] == "AgentSweep":
            sweep = {"id": "x", "name": "s1", "state": "RUNNING", "config": config}
            return {"project": {"name": "p", "entity": {"name": "e"}, "sweep": sweep}}
        if body["operationName"] == "CreateAgent":
            return {"createAgent": {"agent": {"id": "a1"}}}
        if body["operationName"] == "AgentRun":
            return {"project": {"run": {"state": "running", "config": '{"_wandb": {}}'}}}
        commands = []
        if body["variables"]["runState"] == "{}":
            run = {"type": "run", "args": {}, "run_id": FakeServer.runs.pop(0)} if FakeServer.runs else {"type": "exit"}
            commands = [run]
        return {"agentHeartbeat": {"agent": {"id": "a1"}, "commands": json.dumps(commands)}}

    def log_message(self, *_):
        pass


def expect(condition, what, output=""):
    if not condition:
        sys.exit(f"FAILED: {what}\n{output}")
    print(f"ok: {what}", flush=True)


def start(command, runs, arguments, **options):
    FakeServer.command_list, FakeServer.runs = command, list(runs)
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_pid_one(binary, url):
    # The first run leaves an orphan that ends by itself; the second looks for zombies, then sends its
    # parent, PID 1, the signal that a container runtime would send.
    script = (
        'if [ "$WANDB_RUN_ID" = r1 ]; then (setsid true &); exit 0; fi; echo parent $PPID; '
        'grep -l "^State:.Z" /proc/[0-9]*/status; echo looked; '
        "trap 'echo told; exit 4' TERM; kill -TERM 1; tail -f /dev/null & wait"
    )
    agent = start(["sh", "-c", script], ["r1", "r2"],
                  ["unshare", "--fork", "--pid", "--mount-proc", binary, "s1", "--base-url", url])
    out, errors = agent.communicate(timeout=60)
    expect("[r2] parent 1\n[r2] looked\n" in out, "it is PID 1 and reaps orphans", out + errors)
    expect("[r2] told\n" in out, "SIGTERM reaches the run", out + errors)
    expect(agent.returncode == 143, "it ends with 143", str(agent.returncode) + errors)


def test_empty_root(binary, port):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("etc", "dev", "work"):
            (root / name).mkdir()
        (root / "agent").write_bytes(pathlib.Path(binary).read_bytes())
        (root / "agent").chmod(0o755)
        (root / "etc/hosts").write_text("127.0.0.1 tracker.test\n")
        os.mknod(root / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        agent = start(["/agent", "--help"], ["r1"],
                      ["/agent", "s1", "--base-url", f"http://tracker.test:{port}", "--dir", "/work"],
                      preexec_fn=lambda: (os.chroot(root), os.chdir("/")), env={"PATH": "/"})
        out, errors = agent.communicate(timeout=60)
        expect("[r1] Exit codes" in out, "it runs a program in an empty root folder", out + errors)
        expect(agent.returncode == 0, "it ends with 0", errors)
        expect((root / "work/wandb/sweep-s1/config-r1.yaml").exists(), "it writes the parameters")


def main():
    if os.geteuid() != 0:
        print("needs root for namespaces and chroot")
        sys.exit(77)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    binary = os.path.abspath(sys.argv[1])
    signal.alarm(120)
    test_pid_one(binary, f"http://127.0.0.1:{port}")
    test_empty_root(binary, port)


if __name__ == "__main__":
    main()
