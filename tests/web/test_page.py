"""The page in a real browser, on the real server, with what the real client logged."""
import signal

import pytest

from conftest import sign_in
from harness.server import Server
from seed import Seed

# Logs five rows, then, whenever a line comes on stdin, the next five; ends with the input.
STEPWISE = """
run = wandb.init(project=sys.argv[1], id="live", settings=wandb.Settings(x_file_stream_transmit_interval=0.5))
step = 0
def five():
    global step
    for _ in range(5):
        run.log({"train/loss": 1 / (step + 1), "train/accuracy": step / 100, "lr": 0.1})
        print("line", step, flush=True)
        step += 1
five()
print("LOGGED", flush=True)
while not os.path.exists("end"):
    if os.path.exists("more"):
        os.remove("more")
        five()
    time.sleep(0.05)
run.finish()
"""

SEVERAL = """
for i, (lr, loss, state) in enumerate([(0.1, 0.5, 0), (0.001, 0.9, 0), (0.03, 0.2, 0), (0.01, 0.3, 1)]):
    run = wandb.init(project=sys.argv[1], id=f"r{i}", name=f"trial-{i}", config={"lr": lr, "net": {"depth": i}})
    run.log({"loss": loss})
    run.finish(exit_code=state)
"""


@pytest.fixture
def several(trainer):
    trainer.python(SEVERAL, "several")
    return "several"


@pytest.fixture
def live_run(trainer):
    """A run that logs when told to: live_run("more"), live_run("end")."""
    process = trainer.start("python", trainer.script(STEPWISE, "stepwise.py"), "live", env={"WANDB_CONSOLE": "wrap"})

    def tell(what: str) -> None:
        (trainer.folder / what).touch()

    yield tell
    tell("end")
    try:
        process.communicate(timeout=60)
    except Exception:
        trainer.signal_tree(process, signal.SIGKILL)
        process.communicate()
        raise


def names(page) -> list:
    return [text.strip() for text in page.texts("[data-testid=runs] tbody th a")]


# --- signing in -------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_refused_in_words_and_not_kept(stranger, server):
    stranger.goto(f"{server.url}/login")
    stranger.fill("#key", "0" * 40)
    stranger.press("Enter")
    stranger.wait_text("#key-problem", "does not know this key")
    assert stranger.evaluate("localStorage.getItem('regatta.key')") is None
    assert stranger.text("h1") == "Sign in"


def test_whoever_comes_by_a_link_lands_there_after_signing_in(stranger, server, user, several):
    stranger.goto(f"{server.url}/{user.name}/{several}/runs/r2")
    stranger.fill("#key", user.key)
    stranger.press("Enter")
    stranger.wait_text("h1", "trial-2")


def test_the_key_stays_until_one_signs_out(page, server):
    page.reload()
    page.wait_text("h1", "Projects of")
    page.goto(f"{server.url}/settings")
    page.click("text=Sign out")
    page.wait_text("h1", "Sign in")
    assert page.evaluate("localStorage.getItem('regatta.key')") is None


def test_a_key_that_is_revoked_leads_back_to_the_door(stranger, server):
    user = server.add_user()
    sign_in(stranger, server, user)
    assert server.admin("DELETE", f"/users/{user.name}").status in (200, 204)
    stranger.goto(f"{server.url}/{user.name}")
    stranger.wait_text("main", "no longer accepted")


# --- lists ------------------------------------------------------------------------------------------------------


def test_an_empty_account_says_what_to_type_and_shows_the_first_project_by_itself(page, server, user):
    assert f"export WANDB_BASE_URL={server.url}" in page.text("main")
    page.evaluate("window.marker = 1")
    server.create_run(user, "first", "r1")
    page.wait_text("[data-testid=projects]", "first")
    assert page.evaluate("window.marker") == 1


def test_runs_are_sorted_by_a_click_on_a_column(page, server, user, several):
    page.goto(f"{server.url}/{user.name}/{several}")
    page.see("[data-testid=runs]")
    assert names(page) == ["trial-3", "trial-2", "trial-1", "trial-0"]  # newest first
    page.click("th button:has-text('loss')")
    page.wait("location.search === '?sort=-summary.loss'")
    page.wait("document.querySelector('[data-testid=runs] tbody a').textContent === 'trial-1'")
    assert names(page) == ["trial-1", "trial-0", "trial-3", "trial-2"]
    page.click("th button:has-text('lr')")
    page.wait("document.querySelectorAll('[data-testid=runs] tbody a')[1].textContent === 'trial-3'")
    assert names(page) == ["trial-1", "trial-3", "trial-2", "trial-0"]
    page.back()
    page.wait("document.querySelector('[data-testid=runs] tbody a').textContent === 'trial-1' && location.search.includes('loss')")


def test_runs_are_filtered_by_name_state_and_config(page, server, user, several):
    page.goto(f"{server.url}/{user.name}/{several}")
    page.wait_count("[data-testid=runs] tbody tr", 4)
    page.fill("[data-testid=filter]", "TRIAL-2")
    page.wait_count("[data-testid=runs] tbody tr", 1)
    page.fill("[data-testid=filter]", "config.lr<0.02")
    page.wait_count("[data-testid=runs] tbody tr", 2)
    page.fill("[data-testid=filter]", "")
    page.select("#state-filter", "failed")
    page.wait_count("[data-testid=runs] tbody tr", 1)
    assert names(page) == ["trial-3"]
    page.fill("[data-testid=filter]", "nothing-like-it")
    page.wait_text("main", "No run matches")


def test_what_one_may_not_see_looks_like_what_does_not_exist(page, server, user):
    other = server.add_user()
    server.create_run(other, "secret", "r1")
    page.goto(f"{server.url}/{other.name}/secret/runs/r1")
    page.wait_text("[role=alert]", "No run")
    hidden = page.text("[role=alert]")
    page.goto(f"{server.url}/{other.name}/nothing/runs/r1")
    page.wait_text("[role=alert]", "No run")
    assert page.text("[role=alert]").replace("nothing", "secret") == hidden


# --- a run ------------------------------------------------------------------------------------------------------

LOSS = '[data-chart="train/loss"]'


def test_charts_grow_while_the_reader_stays_where_they_are(page, server, user, live_run):
    page.goto(f"{server.url}/{user.name}/live/runs/live")
    page.wait_attribute(LOSS, "data-points", 5, 60)
    page.see("header [data-state=live]")
    page.resize(1280, 500)
    page.evaluate("window.marker = 1")
    page.drag('[data-chart="lr"] .u-over', [0.2, 0.5], [0.7, 0.5])
    page.wait_attribute(LOSS, "data-zoomed", "true")
    page.evaluate("window.scrollTo(0, 150)")
    before = page.evaluate("window.scrollY")
    live_run("more")
    page.wait_attribute(LOSS, "data-points", 10, 30)
    assert page.attribute('[data-chart="train/accuracy"]', "data-last") == "0.09"
    assert page.attribute(LOSS, "data-zoomed") == "true"
    assert page.evaluate("window.scrollY") == before > 0
    assert page.evaluate("window.marker") == 1
    live_run("end")
    page.see("h1 ~ [data-state=finished]")


def test_the_log_follows_the_program(page, server, user, live_run):
    page.goto(f"{server.url}/{user.name}/live/runs/live/logs")
    page.wait_text("[data-testid=console]", "line 4", 60)
    live_run("more")
    page.wait_text("[data-testid=console]", "line 9", 30)
    page.fill("input[type=search]", "line [23]$")
    page.wait_count("[data-testid=console] .line", 2)


def test_config_summary_and_files_are_those_of_the_run(page, server, user, several):
    page.goto(f"{server.url}/{user.name}/{several}/runs/r2/config")
    page.wait_text("main", "net.depth")
    assert page.texts("section:has(h2:has-text('Config')) td") == ["0.03", "2"]
    assert "0.2" in page.texts("section:has(h2:has-text('Summary')) td")
    page.click("text=Files")
    page.wait_text("[data-testid=files]", "requirements.txt")
    link = page.attribute("[data-testid=files] a:has-text('wandb-summary.json')", "href")
    assert page.evaluate(f"fetch({link!r}).then(r => r.text())").count("loss") == 1


def test_a_chart_can_be_read_with_the_keyboard_and_as_a_table(page, server, user, live_run):
    page.goto(f"{server.url}/{user.name}/live/runs/live")
    page.wait_attribute(LOSS, "data-points", 5, 60)
    page.see(f"{LOSS} canvas")
    page.focus(f"{LOSS} .frame")
    page.press("Home")
    page.wait_text(f"{LOSS} [data-testid=readout]", "step 0")
    page.press("ArrowRight")
    page.wait_text(f"{LOSS} [data-testid=readout]", "step 1")
    page.click(f"{LOSS} button:has-text('table')")
    assert page.texts(f"{LOSS} td.right")[:2] == ["1", "0.5"]


def test_a_spike_among_many_points_is_drawn(page, server, user):
    seed = Seed(server, user, "long")
    seed.start("spiky", {})
    for offset in range(0, 30_000, 10_000):
        rows = [{"_step": step, "loss": 50.5 if step == 12_345 else step % 7, "odd": "NaN" if step == 4444 else 1} for step in range(offset, offset + 10_000)]
        seed.log("spiky", rows, offset, ends=0 if offset == 20_000 else None)
    page.goto(f"{server.url}/{user.name}/long/runs/spiky")
    page.wait("Number(document.querySelector('[data-chart=loss]')?.dataset.points) > 400")
    coarse = int(page.attribute("[data-chart=loss]", "data-points"))
    assert 700 < coarse <= 2400
    page.wait("document.querySelector('[data-chart=loss] .frame').ariaLabel.includes('highest 50.5')")
    page.wait_text("[data-chart=odd]", "1 value that is NaN or infinite is not drawn")
    # Of the part that is zoomed to, here about 600 steps, every point comes.
    page.drag("[data-chart=loss] .u-over", [0.40, 0.5], [0.42, 0.5])
    page.wait("Number(document.querySelector('[data-chart=loss]').dataset.points) < 700")
    assert int(page.attribute("[data-chart=loss]", "data-points")) > 400
    page.click("[data-testid=zoom] button")
    page.wait_attribute("[data-chart=loss]", "data-points", coarse)


def test_the_first_error_is_found_in_a_log_that_is_not_all_here(page, server, user):
    seed = Seed(server, user, "long")
    seed.start("chatty", {})
    lines = [f"2026-01-02T03:04:05.000001 line {i}" for i in range(7000)]
    lines[100] = "ERROR 2026-01-02T03:04:05.000001 out of memory"
    seed.log("chatty", [], console=lines, ends=1)
    page.goto(f"{server.url}/{user.name}/long/runs/chatty/logs")
    page.wait_text("[data-testid=console]", "line 6999")
    assert page.count("[data-testid=console] .line") < 1000
    page.click("button:has-text('First error')")
    page.wait_text("[data-testid=console] .line.error", "out of memory")
    page.fill("input[type=search]", "line 5$")
    page.wait_count("[data-testid=console] .line", 1)


DELETE = "mutation Delete($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"


def test_a_run_that_is_deleted_says_so_and_is_followed_no_more(page, server, user):
    run = server.create_run(user, "short", "r1")
    page.goto(f"{server.url}/{user.name}/short/runs/r1")
    page.see("header [data-state=live]")
    page.wait_text("main", "No numbers logged yet")
    server.graphql(DELETE, {"id": run["bucket"]["id"]}, key=user.key)
    page.wait_text("[role=alert]", "This run was deleted")
    page.wait_count("header [data-state=live]", 0)
    assert page.text("h1") == run["bucket"]["displayName"]


# --- a sweep ----------------------------------------------------------------------------------------------------

SWEEP = """
sweep = wandb.sweep({"name": "three", "method": "grid", "metric": {"name": "loss", "goal": "minimize"},
                     "parameters": {"x": {"values": [3, 1, 2]}, "net": {"values": ["a"]}}}, project="swept")
def train():
    with wandb.init() as run:
        for step in range(3):
            run.log({"loss": run.config.x + 1 / (step + 1)})
wandb.agent(sweep, function=train, project="swept")
result(sweep)
"""


def test_a_sweep_shows_its_progress_best_run_and_parameters(page, server, user, trainer):
    sweep = trainer.run(SWEEP, seconds_max=180)
    page.goto(f"{server.url}/{user.name}/swept/sweeps")
    page.wait_text("[data-testid=sweeps]", "three")
    page.click("[data-testid=sweeps] a:has-text('three')")
    page.wait(f"location.pathname === '/{user.name}/swept/sweeps/{sweep}'")
    page.see("[data-testid=best-value]")
    assert float(page.text("[data-testid=best-value]")) == pytest.approx(1 + 1 / 3, abs=1e-4)
    assert "3 / 3" in page.text("[data-testid=progress]")
    page.see("h1 ~ [data-state=finished]")
    assert page.text("[data-testid=best] dd") == "1"
    page.wait_attribute("[data-testid=parallel]", "data-lines", 3)
    assert page.attribute("[data-testid=runs] tr.marked", "data-run") == page.attribute("[data-testid=runs] tbody tr", "data-run")
    # Keeping the lower half of the last axis keeps two of the three runs, here and in the table.
    page.drag("[data-testid=parallel] .stage", [1 - 76 / 1198, 0.55], [1 - 76 / 1198, 0.93])
    page.wait("Number(document.querySelector('[data-testid=parallel]').dataset.kept) < 3")
    page.wait_count("[data-testid=runs] tbody tr", int(page.attribute("[data-testid=parallel]", "data-kept")))


def test_a_sweep_without_agents_says_how_to_start_one_and_is_steered_from_the_page(page, server, user, trainer):
    sweep = trainer.run("""result(wandb.sweep({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}, project="idle"))""")
    page.goto(f"{server.url}/{user.name}/idle/sweeps/{sweep}")
    page.wait_text("main", f"wandb agent {user.name}/idle/{sweep}")
    page.click("button:has-text('Cancel')")
    page.wait_text("dialog", "the agents leave")
    # As it can be typed: the stock client finds no sweep by its id alone.
    assert f"wandb sweep --cancel {user.name}/idle/{sweep}" in page.text("dialog")
    page.click("dialog .primary")
    page.see("h1 ~ [data-state=canceled]")


# --- the page itself --------------------------------------------------------------------------------------------


def test_no_page_is_wider_than_a_phone_in_light_and_dark(page, server, user, several):
    page.resize(390, 800)
    for colors in ("light", "dark"):
        page.colors(colors)
        for path in ("", f"/{several}", f"/{several}/sweeps", f"/{several}/runs/r0", f"/{several}/runs/r0/config", f"/{several}/runs/r0/files"):
            page.goto(f"{server.url}/{user.name}{path}")
            page.wait("document.querySelector('main h1') && !document.querySelector('main').textContent.includes('Loading')")
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate("document.documentElement.dataset.theme") == colors


def test_a_restart_of_the_server_is_survived(stranger, tmp_path):
    with Server.start(tmp_path / "data") as first:
        user = first.add_user()
        first.create_run(user, "kept", "r1")
        sign_in(stranger, first, user)
        stranger.goto(f"{first.url}/{user.name}/kept")
        stranger.see("header [data-state=live]")
        port = first.port
    stranger.see("header [data-state=polling]")
    with Server.start(tmp_path / "data", port=port) as second:
        stranger.see("header [data-state=live]")
        second.create_run(user, "kept", "r2")
        stranger.wait_count("[data-testid=runs] tbody tr", 2)
