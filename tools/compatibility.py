#!/usr/bin/env python3
"""Writes docs/compatibility.md: what of the clients' wire is supported.

    tools/compatibility.py [--binary build/release/regatta] [--check]

Made from the schema and its resolvers (`regatta schema`), the operations that the published clients send
(tests/conformance/operations.tsv), and the newest results of upstream's own tests (tests/conformance/results/) with the
reasons of those that did not pass (tests/conformance/reasons.tsv).
--check writes nothing and fails when the document is not up to date.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/compatibility.md"
TABLES = ROOT / "tests/conformance"
TOKEN = re.compile(r"\u2026|[A-Za-z_][A-Za-z_0-9]*|[{}().:\[\]@]|\"[^\"]*\"|\$\w+|\S")
GATES = ["A", "B", "BS", "C", "D"]
# What is answered, but does less than its name says.
LESS = {"NotifyScriptableRunAlert": "the alert is a line in the server's log: it is not kept, shown or sent on"}
TIERS = {"T1": "init, log, finish, sweep, agent", "T2": "reading back, files, artifacts, resume, sync",
         "T3": "launch, registries, automations, organizations"}


def rows(name):
    for line in (TABLES / name).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


class Shorthand:
    """Reads a selection in shorthand into nested lists: (field, children) or ("...", name) or ("...on", (type, children))."""

    def __init__(self, text):
        self.tokens = [t for t in TOKEN.findall(text) if t not in ("!", "+", ",")]
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def skip_parens(self):
        depth = 0
        while True:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token, 0)
            if depth == 0:
                return

    def selection(self):
        items = []
        while self.peek() not in (None, "}"):
            token = self.take()
            if token == "\u2026":
                if self.peek() in (None, "}"):
                    items += [("endCursor", []), ("hasNextPage", [])]
                elif self.peek() == "on":
                    self.take()
                    kind = self.take()
                    items.append(("...on", (kind, self.braces())))
                elif self.peek() == "{":  # the fragment is a parameter of the client
                    self.braces()
                else:
                    items.append(("...", self.take()))
            elif token == "{":  # a stray parameter, as in run(name){{} (samples)}
                while self.take() != "}":
                    pass
            elif re.fullmatch(r"\w*Fragment", token):
                items.append(("...", token))
            elif re.match(r"[A-Za-z_]", token):
                items.append(self.field(token))
            elif token == "(":
                self.at -= 1
                self.skip_parens()
        return items

    def braces(self):
        assert self.take() == "{"
        inner = self.selection()
        self.take()
        return inner

    def field(self, name):
        if self.peek() == ":":
            self.take()
            name = self.take()
        children = []
        while self.peek() in ("(", "@", "[", ".", "{"):
            token = self.peek()
            if token == "(":
                self.skip_parens()
            elif token == "@":
                self.take(), self.take()
            elif token == "[":
                self.take()
                children.append(("...", self.take()))
                self.take()
            elif token == ".":
                self.take()
                children.append(self.field(self.take()))
                break
            else:
                children += self.braces()
                break
        return (name, children)


class Schema:
    def __init__(self, binary):
        answer = json.loads(subprocess.run([binary, "schema"], check=True, capture_output=True, text=True).stdout)
        schema = answer["data"]["__schema"]
        self.unsupported = set(answer["unsupported"])
        self.roots = {"Q": schema["queryType"]["name"], "M": schema["mutationType"]["name"]}
        self.fields, self.possible = {}, {}
        for kind in schema["types"]:
            self.fields[kind["name"]] = {f["name"]: self.named(f["type"]) for f in kind["fields"] or []}
            self.possible[kind["name"]] = [p["name"] for p in kind["possibleTypes"] or []]

    @staticmethod
    def named(type_):
        while type_.get("name") is None:
            type_ = type_["ofType"]
        return type_["name"]

    def missing(self, type_, selection, fragments):
        """The Type.field names of the selection that are not answered."""
        found = []
        for name, rest in selection:
            if name == "...":
                for on, inner in fragments.get(rest, []):
                    found += self.missing(on, inner, fragments)
            elif name == "...on":
                found += self.missing(rest[0], rest[1], fragments)
            elif name.startswith("__"):
                continue
            elif name not in self.fields.get(type_, {}):
                found.append(f"{type_}.{name}")
            elif all(f"{t}.{name}" in self.unsupported for t in self.possible[type_] or [type_]):
                found.append(f"{type_}.{name}")
            else:
                found += self.missing(self.fields[type_][name], rest, fragments)
        return list(dict.fromkeys(found))


def load_fragments():
    fragments = {}
    for names, types, text in rows("fragments.tsv"):
        for name, type_ in zip(names.split(", "), types.split(", ") * 2):
            fragments[name] = [(type_, Shorthand(text).selection())]
    return fragments


def status(schema, fragments, kind, text):
    gaps, root_missing = [], True
    for form in text.split(" \u00b7 other form: "):
        selection = Shorthand(form).selection()
        missing = schema.missing(schema.roots[kind], selection, fragments)
        if not any(m.split(".")[0] in schema.roots.values() for m in missing):
            root_missing = False
        gaps += missing
    gaps = list(dict.fromkeys(gaps))
    if root_missing:
        return "not yet", gaps
    return ("partial", gaps) if gaps else ("supported", [])


def cell(text):
    return text.strip().replace("|", "\\|")


def not_passed(path, reasons):
    """A table of the tests that did not pass, each with its reason. Raises SystemExit for a failure without one."""
    found = [line.split("\t") for line in path.read_text().splitlines() if line]
    unexplained = [test for state, test, _ in found if state != "skipped" and test not in reasons]
    if unexplained:
        sys.exit("tests/conformance/reasons.tsv has no reason for: " + ", ".join(unexplained))
    # Skipped tests give upstream's own reason, cut off where it is long.
    return ["| not passed | | reason |", "| --- | --- | --- |"] + [
        f"| `{cell(test)}` | {state} | {cell(reasons.get(test) or 'upstream: ' + (message or 'an expected failure'))} |"
        for state, test, message in found]


def results():
    reasons = dict(rows("reasons.tsv"))
    lines, summary = [], ["", "| gate | passed | failed | skipped |", "| --- | ---: | ---: | ---: |"]
    for name in GATES:
        table = TABLES / f"results/table-{name}.txt"
        if not table.exists():
            continue
        text = table.read_text().rstrip()
        counts = re.search(r"^passed (\d+) failed (\d+) skipped (\d+)$", text, re.MULTILINE)
        summary.append(f"| {name} | " + " | ".join(counts.groups()) + " |")
        lines += ["", f"### Gate {name}", "", "```", text, "```"]
        gaps = TABLES / f"results/not-passed-{name}.txt"
        if gaps.exists() and gaps.read_text().strip():
            lines += [""] + not_passed(gaps, reasons)
    return summary + lines if lines else []


def document(schema):
    fragments = load_fragments()
    out = ["# Compatibility", "",
           "What of W&B's wire Regatta supports. Generated by `tools/compatibility.py` from the schema, its resolvers, the operations that the",
           "published clients send, and the results of upstream's own tests: do not edit.", "",
           "*Supported*: every field that the clients select is answered. *Partial*: some of its fields are not; a document that selects one of those",
           "named is refused whole, at once, with an error that names it (HTTP 400, which no client repeats), and without them it is answered; or",
           "it does less than it says, in words.",
           "*Not yet*: the operation itself is refused in the same way.", ""]
    counts = {}
    body = []
    for tier, title in TIERS.items():
        body += [f"## {tier}: {title}", "", "| operation | | status | not answered | used by |", "| --- | --- | --- | --- | --- |"]
        for row_tier, name, kind, text, use in rows("operations.tsv"):
            if row_tier != tier:
                continue
            state, gaps = status(schema, fragments, kind, text)
            missing = [f"`{gap}`" for gap in gaps]
            if name in LESS:
                state, missing = "partial", missing + [LESS[name]]
            counts[(tier, state)] = counts.get((tier, state), 0) + 1
            body.append(f"| `{name}` | {'query' if kind == 'Q' else 'mutation'} | {state} | {', '.join(missing)} | {use} |")
        body.append("")
    out += ["| | supported | partial | not yet |", "| --- | ---: | ---: | ---: |"]
    out += [f"| {tier} | {counts.get((tier, 'supported'), 0)} | {counts.get((tier, 'partial'), 0)} | {counts.get((tier, 'not yet'), 0)} |" for tier in TIERS]
    out += [""] + body
    tests = results()
    if tests:
        out += ["## Upstream's own system tests", "", "Run by `make conformance`; the gates are those of `tests/conformance/README.md`."] + tests
    return "\n".join(out).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/regatta")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    made = document(Schema(options.binary))
    if options.check:
        if not DOCUMENT.exists() or DOCUMENT.read_text() != made:
            sys.exit("docs/compatibility.md is not up to date: run tools/compatibility.py")
        return
    DOCUMENT.write_text(made)


if __name__ == "__main__":
    main()
