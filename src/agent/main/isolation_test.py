#!/usr/bin/env python3
"""regatta-agent where nothing else is: as PID 1 of a PID namespace, and in an empty root folder, where it also finds its
server by DNS and trusts it by a file of authorities.

Usage: isolation_test.py BINARY. Needs root for both; exits 77 (skipped) without.
"""
import http.server
import json
import os
import pathlib
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time


class FakeServer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    command_list = []
    runs = []
    silent = threading.Event()  # set: nothing is answered any more

    def do_POST(self):
        if FakeServer.silent.is_set():
            time.sleep(60)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = self.answer(body) if self.path == "/graphql" else {}
        text = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer(self, body):
        config = "command: " + json.dumps(FakeServer.command_list)
        if body["operationName"] == "AgentFind":
            return {"models": {"edges": [{"node": {"name": "p", "entityName": "e", "sweep": {"id": "x"}}}]}}
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


def test_pid_one(binary, url, folder):
    # The first run leaves an orphan that ends by itself; the second looks for zombies, then sends its
    # parent, PID 1, the signal that a container runtime would send.
    script = (
        'if [ "$WANDB_RUN_ID" = r1 ]; then (setsid true &); exit 0; fi; echo parent $PPID; '
        'grep -l "^State:.Z" /proc/[0-9]*/status; echo looked; '
        "trap 'echo told; exit 4' TERM; kill -TERM 1; tail -f /dev/null & wait"
    )
    agent = start(["sh", "-c", script], ["r1", "r2"],
                  ["unshare", "--fork", "--pid", "--mount-proc", binary, "s1", "--base-url", url, "--dir", folder])
    out, errors = agent.communicate(timeout=60)
    expect("[r2] parent 1\n[r2] looked\n" in out, "it is PID 1 and reaps orphans", out + errors)
    expect("[r2] told\n" in out, "SIGTERM reaches the run", out + errors)
    expect(agent.returncode == 143, "it ends with 143", str(agent.returncode) + errors)


def test_hurried_end(binary, url, folder):
    # The server has gone silent, the run ignores SIGTERM, and so does what it left outside its group.
    script = "trap '' TERM; setsid sh -c \"trap '' TERM; echo left; exec tail -f /dev/null\" & echo up; exec tail -f /dev/null"
    agent = start(["sh", "-c", script], ["r1"], [binary, "s1", "--base-url", url, "--dir", folder])
    seen = ""
    while "up\n" not in seen or "left\n" not in seen:
        line = agent.stdout.readline()
        if not line:
            sys.exit(f"FAILED: it ended before its run was up\n{seen}")
        seen += line
    FakeServer.silent.set()
    told = time.monotonic()
    agent.terminate()
    out, errors = agent.communicate(timeout=60)  # to the end of its output, which nothing holds open then
    took = time.monotonic() - told
    FakeServer.silent.clear()
    expect(agent.returncode == 143, "it ends with 143", str(agent.returncode) + errors)
    expect(took < 15, f"it is gone within 15 s of SIGTERM ({took:.1f} s), whatever its run and the server do", errors)


def make_root(folder, binary):
    """A root folder that holds the agent and /dev/null."""
    root = pathlib.Path(folder)
    for name in ("etc", "dev", "work"):
        (root / name).mkdir()
    (root / "agent").write_bytes(pathlib.Path(binary).read_bytes())
    (root / "agent").chmod(0o755)
    os.mknod(root / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    return root


def test_empty_root(binary, port):
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(folder, binary)
        (root / "etc/hosts").write_text("127.0.0.1 tracker.test\n")
        agent = start(["/agent", "--help"], ["r1"],
                      ["/agent", "s1", "--base-url", f"http://tracker.test:{port}", "--dir", "/work"],
                      preexec_fn=lambda: (os.chroot(root), os.chdir("/")), env={"PATH": "/"})
        out, errors = agent.communicate(timeout=60)
        expect("[r1] Exit codes" in out, "it runs a program in an empty root folder", out + errors)
        expect(agent.returncode == 0, "it ends with 0", errors)
        expect((root / "work/wandb/sweep-s1/config-r1.yaml").exists(), "it writes the parameters")


def serve_names(names, asked):
    """A DNS server at 127.0.0.77 that knows `names` (name to IPv4 address) and notes what it is asked."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.77", 53))

    def serve():
        while True:
            query, client = udp.recvfrom(512)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            name, (kind,) = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])
            asked.append(name)
            answers = b""
            if kind == 1 and name in names:
                answers = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(names[name])
            flags = 0x8180 if name in names else 0x8183
            head = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answers else 0, 0, 0)
            udp.sendto(head + query[12:at + 5] + answers, client)

    threading.Thread(target=serve, daemon=True).start()


def make_certificates(folder):
    """An authority of our own and a certificate for tracker.test that it signed."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tracker.test", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=DNS:tracker.test\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.pem")


def test_name_and_certificate(binary):
    asked = []
    serve_names({"tracker.test": "127.0.0.1", "other.test": "127.0.0.1"}, asked)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as keys:
        keys = pathlib.Path(keys)
        make_certificates(keys)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "server.pem", keys / "server.key")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        root = make_root(folder, binary)
        (root / "etc/resolv.conf").write_text("nameserver 127.0.0.77\noptions timeout:1 attempts:2\n")
        (root / "etc/authorities.pem").write_bytes((keys / "ca.pem").read_bytes())

        def run(host, *arguments):
            return start(["/agent", "--help"], ["r1"],
                         ["/agent", "s1", "--base-url", f"https://{host}:{port}", "--dir", "/work", "--lease", "2", *arguments],
                         preexec_fn=lambda: (os.chroot(root), os.chdir("/")), env={"PATH": "/"}).communicate(timeout=60)

        out, errors = run("tracker.test", "--ca-file", "/etc/authorities.pem")
        expect("[r1] Exit codes" in out, "it finds its server by DNS and trusts it by a file", out + errors)
        expect("tracker.test" in asked, "the name server was asked", str(asked))
        out, errors = run("tracker.test")
        expect("[r1]" not in out and "certificate" in errors, "it trusts nobody without a file of authorities", out + errors)
        out, errors = run("other.test", "--ca-file", "/etc/authorities.pem")
        expect("[r1]" not in out and "certificate" in errors, "it trusts no certificate of another name", out + errors)
        out, errors = run("nowhere.test", "--ca-file", "/etc/authorities.pem")
        expect("nowhere.test" in errors, "it names a host that cannot be found", out + errors)


def main():
    if os.geteuid() != 0:
        print("needs root for namespaces and chroot")
        sys.exit(77)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    binary = os.path.abspath(sys.argv[1])
    signal.alarm(120)
    runs = tempfile.TemporaryDirectory()
    test_pid_one(binary, f"http://127.0.0.1:{port}", runs.name)
    test_empty_root(binary, port)
    test_name_and_certificate(binary)
    test_hurried_end(binary, f"http://127.0.0.1:{port}", runs.name)


if __name__ == "__main__":
    main()
