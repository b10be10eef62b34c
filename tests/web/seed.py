"""Sweeps and runs as the stock client leaves them, without its processes: hundreds in seconds."""
import json

from harness.crowd import CREATE_AGENT, HEARTBEAT, UPSERT_SWEEP

UPSERT_RUN = """mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString, $sweep: String, $display: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, sweep: $sweep, displayName: $display}) {
    bucket { id } } }"""


class Seed:
    def __init__(self, server, user, project: str):
        self.server = server
        self.user = user
        self.project = project

    def ask(self, query: str, **variables) -> dict:
        return self.server.graphql(query, {"entity": self.user.name, "project": self.project, **variables}, key=self.user.key)

    def sweep(self, **config) -> str:
        """Its name."""
        return self.ask(UPSERT_SWEEP, config=json.dumps(config))["upsertSweep"]["sweep"]["name"]

    def agent(self, sweep: str, host: str = "gpu-1") -> str:
        return self.ask(CREATE_AGENT, sweep=sweep, host=host)["createAgent"]["agent"]["id"]

    def heartbeat(self, agent: str, *runs: str) -> list:
        """The commands."""
        return json.loads(self.ask(HEARTBEAT, id=agent, state=json.dumps({run: True for run in runs}))["agentHeartbeat"]["commands"])

    def start(self, name: str, config: dict, **fields) -> None:
        self.ask(UPSERT_RUN, name=name, config=json.dumps({key: {"value": value} for key, value in config.items()}), **fields)

    def log(self, run: str, rows: list, offset: int = 0, *, ends: int = None, console=()) -> None:
        """History rows and console lines; the last row is the summary; with `ends` the run is over, with that exit code."""
        files = {"wandb-history.jsonl": {"offset": offset, "content": [json.dumps(row) for row in rows]}}
        if rows:
            files["wandb-summary.json"] = {"offset": 0, "content": [json.dumps(rows[-1])]}
        if console:
            files["output.log"] = {"offset": 0, "content": list(console)}
        body = {"files": files} if ends is None else {"files": files, "complete": True, "exitcode": ends}
        reply = self.server.file_stream(self.user, self.project, run, body)
        assert reply.status == 200, reply.text

    def work(self, sweep: str, agent: str, count: int, loss, rows: int = 1) -> list:
        """Takes `count` points one after the other and logs `loss(parameters)` for each; an agent's run that is told to stop ends. The run ids."""
        names = []
        while len(names) < count:
            command = next((c for c in self.heartbeat(agent) if c["type"] == "run"), None)
            if command is None:
                continue  # the suggestion is still being made
            run = command["run_id"]
            config = {key: entry["value"] for key, entry in command["args"].items()}
            self.start(run, config, sweep=sweep, display=f"trial-{len(names)}")
            for step in range(rows):
                self.log(run, [{"_step": step, "_runtime": step, "loss": loss(config) + 1 / (step + 1)}], step)
                if rows > 1 and any(c["type"] == "stop" for c in self.heartbeat(agent, run)):
                    break
            self.log(run, [], rows, ends=0)
            names.append(run)
        return names
