"""What the page of a sweep shows beyond its progress: why, what the model has learned, and all of many runs."""
import json

import pytest

from seed import Seed

SPACE = {"lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1}, "depth": {"values": [2, 4, 8]}}
PARALLEL = "[data-testid=parallel]"
TABLE = "[data-testid=runs]"


@pytest.fixture
def seed(server, user):
    return Seed(server, user, "tuned")


def open_sweep(page, seed, sweep: str, query: str = "") -> None:
    page.goto(f"{seed.server.url}/{seed.user.name}/{seed.project}/sweeps/{sweep}{query}")
    page.see(f"{TABLE} tbody tr")


def simple_loss(config) -> float:
    return config["depth"] / 10 + config["lr"]


# --- why --------------------------------------------------------------------------------------------------------


def test_each_run_says_why_it_was_suggested_and_why_it_was_stopped(page, seed):
    sweep = seed.sweep(method="bayes", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE, run_cap=20,
                       early_terminate={"type": "hyperband", "min_iter": 1, "eta": 2})
    agent = seed.agent(sweep)
    good = seed.work(sweep, agent, 6, lambda config: 0.0, rows=2)
    bad = seed.work(sweep, agent, 1, lambda config: 50.0, rows=8)[0]
    open_sweep(page, seed, sweep)
    page.click(f"{TABLE} tr[data-run='{good[-1]}'] .why")
    page.wait_text("[data-testid=why]", "Why suggested")
    # How many results it knew depends on whether it was made ahead of time.
    page.wait("/from \\d+ results/.test(document.querySelector('[data-testid=why] dd')?.textContent)")
    page.press("Escape")
    page.wait("!document.querySelector('[data-testid=why]').matches(':popover-open')")
    # The rung, the value there and the mark that it missed, on the row itself.
    row = page.text(f"{TABLE} tr[data-run='{bad}'] .why")
    assert "51" in row and "at 1 value is worse than" in row
    page.click(f"{TABLE} tr[data-run='{bad}'] .why")
    page.wait("document.querySelectorAll('[data-testid=why] dt').length === 2")


# --- many runs --------------------------------------------------------------------------------------------------


def test_a_long_table_sorts_all_runs_and_holds_those_in_view(page, seed):
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE)
    seed.work(sweep, seed.agent(sweep), 150, simple_loss)
    open_sweep(page, seed, sweep)
    page.wait_attribute(TABLE, "data-rows", 150)
    assert page.count(f"{TABLE} tr[data-run]") < 60
    values = "[...document.querySelectorAll('[data-testid=runs] tr[data-run] td:nth-of-type(2)')].map((cell) => Number(cell.textContent))"
    first = page.evaluate(values)
    assert first == sorted(first)
    # What is not there is taken to be as high as what is, so nothing jumps while one scrolls.
    assert page.evaluate("[...new Set([...document.querySelectorAll('[data-testid=runs] tr[data-run]')].map((row) => row.offsetHeight))]") == [35]
    page.focus(f".table-frame:has({TABLE})")
    page.press("End")
    page.see(f"{TABLE} tr[aria-rowindex='151']")
    assert page.evaluate(values)[-1] >= first[-1]
    page.click(f"{TABLE} th button:has-text('loss')")
    page.wait("location.search === '?sort=-best.loss'")
    page.see(f"{TABLE} tr[aria-rowindex='2']")
    turned = page.evaluate(values)
    assert turned == sorted(turned, reverse=True) and turned[0] >= first[-1]


# --- the best run -----------------------------------------------------------------------------------------------

RANKED = """query Ranked($entity: String!, $project: String!, $sweep: String!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) { bestLoss bestRun { name }
    runs(first: 20) { edges { node { name sweepValue } } } } } }"""


def test_every_part_of_the_page_ranks_runs_as_the_server_does(page, seed):
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE)
    agent = seed.agent(sweep)

    def run(*losses: float, ends: int = 0) -> str:
        command = next(c for _ in range(1000) for c in seed.heartbeat(agent) if c["type"] == "run")
        name = command["run_id"]
        seed.start(name, {key: entry["value"] for key, entry in command["args"].items()}, sweep=sweep)
        seed.log(name, [{"_step": step, "loss": loss} for step, loss in enumerate(losses)], ends=ends)
        return name

    steady = run(3, 2, 1.5)
    overfit = run(3, 0.75, 2.5)
    failed = run(3, 0.25, ends=1)
    found = seed.ask(RANKED, sweep=sweep)["project"]["sweep"]
    assert (found["bestLoss"], found["bestRun"]["name"]) == (0.75, overfit)
    assert {edge["node"]["name"]: edge["node"]["sweepValue"] for edge in found["runs"]["edges"]} == {steady: 1.5, overfit: 0.75, failed: None}
    open_sweep(page, seed, sweep)
    page.see("[data-testid=best-value]")
    assert page.text("[data-testid=best-value]") == "0.75"
    assert page.attribute(f"{TABLE} tr.marked", "data-run") == overfit
    assert page.evaluate(f"[...document.querySelectorAll('{TABLE} tr[data-run]')].map((row) => row.dataset.run)") == [overfit, steady, failed]
    assert page.texts(f"{TABLE} tr[data-run] td:nth-of-type(2)") == ["0.75", "1.5", ""]
    page.wait_attribute("[data-chart=loss]", "data-points", 2)
    assert page.attribute("[data-chart=loss]", "data-last") == "0.75"
    page.wait_attribute(PARALLEL, "data-lines", 2)
    page.wait_text("main", "1 run without a value of loss that counts is not drawn")


def test_a_run_is_opened_by_its_dot_and_from_the_keyboard_but_not_from_beside_it(page, seed):
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE)
    for loss in (1.0, 2.0):
        seed.work(sweep, seed.agent(sweep), 1, lambda config: loss - 1)
    open_sweep(page, seed, sweep)
    page.wait_attribute("[data-chart=loss]", "data-points", 2)
    page.see("[data-chart=loss] .u-over")
    path = page.evaluate("location.pathname")
    # Both dots are far from the lower left corner; the click there hits nothing.
    page.drag("[data-chart=loss] .u-over", [0.02, 0.95], [0.02, 0.95])
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("location.pathname") == path
    page.focus("[data-chart=loss] .frame")
    page.press("Home")
    page.wait_text("[data-chart=loss] [data-testid=readout]", "run 1")
    page.press("Enter")
    page.wait("location.pathname.includes('/runs/')")
    page.back()
    page.see("[data-chart=loss] .u-over")
    # The second dot stands a quarter in from the right; the range is a tenth more than the values.
    page.drag("[data-chart=loss] .u-over", [0.75, 0.1 / 1.2], [0.75, 0.1 / 1.2])
    page.wait("location.pathname.includes('/runs/')")


# --- parallel coordinates ---------------------------------------------------------------------------------------


@pytest.fixture
def twelve(seed):
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE)
    seed.work(sweep, seed.agent(sweep), 12, simple_loss)
    return sweep


def test_what_a_brush_keeps_is_in_the_address_and_on_every_axis_to_be_typed(page, seed, twelve):
    open_sweep(page, seed, twelve)
    page.wait_attribute(PARALLEL, "data-lines", 12)
    page.drag(f"{PARALLEL} .stage", [76 / 1198, 0.2], [76 / 1198, 0.6])
    # The table follows the address, which follows the hand when it rests.
    page.wait(f"location.search.includes('keep.config.lr=') && document.querySelector('{TABLE}').dataset.rows === document.querySelector('{PARALLEL}').dataset.kept")
    kept = page.attribute(PARALLEL, "data-kept")
    assert 0 < int(kept) < 12
    page.reload()
    page.wait_attribute(PARALLEL, "data-kept", kept)
    page.wait_attribute(TABLE, "data-rows", kept)
    page.click(f"{PARALLEL} button:has-text('Clear')")
    page.wait_attribute(TABLE, "data-rows", 12)
    assert page.evaluate("location.search") == ""
    # The same without dragging.
    page.click(f"{PARALLEL} summary")
    page.fill("[aria-label='Highest depth to keep']", "4")
    page.press("Enter")
    page.wait("location.search === '?keep.config.depth=..4'")
    depths = page.evaluate("[...document.querySelectorAll('[data-testid=runs] tr[data-run] td:nth-of-type(4)')].map((cell) => cell.textContent.trim())")
    assert depths and set(depths) <= {"2", "4"}


def test_a_line_under_the_pointer_lights_its_run_in_the_table_and_back(page, seed, twelve):
    open_sweep(page, seed, twelve)
    page.wait_attribute(PARALLEL, "data-lines", 12)
    best = page.attribute(f"{TABLE} tr.marked", "data-run")
    page.hover(f"{TABLE} tr.marked td:nth-of-type(1)", [0.5, 0.5])
    page.wait_attribute(PARALLEL, "data-hovered", best)
    # Just before the last axis a line is where its result is: the best at the bottom.
    page.hover(f"{PARALLEL} .stage", [1 - 78 / 1198, 310 / 340 - 0.004])
    page.wait(f"document.querySelector('{PARALLEL}').dataset.hovered !== ''")
    page.wait(f"document.querySelector('{TABLE} tr.lit')?.dataset.run === document.querySelector('{PARALLEL}').dataset.hovered")


def test_colours_show_any_number_that_runs_have(page, seed, twelve):
    open_sweep(page, seed, twelve)
    page.wait_attribute(PARALLEL, "data-color", "loss")
    page.select("[data-testid=color]", "config.lr")
    page.wait_attribute(PARALLEL, "data-color", "lr")
    page.wait_text(f"{PARALLEL} .legend", "low")
    assert page.evaluate("location.search") == "?color=config.lr"
    page.back()
    page.wait_attribute(PARALLEL, "data-color", "loss")


def test_every_parameter_has_an_axis_of_its_own(page, seed):
    names = [f"model.encoder.layer{i}.dropout_probability" for i in range(23)]
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters={name: {"min": 0.0, "max": 1.0} for name in names})
    seed.work(sweep, seed.agent(sweep), 4, lambda config: config[names[0]])
    open_sweep(page, seed, sweep)
    page.wait_count(f"{PARALLEL} .axis", len(names) + 1)
    shown = page.evaluate(f"[...document.querySelectorAll('{PARALLEL} .axis .label')].map((label) => label.querySelector('title').textContent)")
    assert shown == [*names, "loss"]
    page.see(f"{PARALLEL} .outer")
    assert page.evaluate(f"document.querySelector('{PARALLEL} .outer').scrollWidth > document.querySelector('{PARALLEL} .outer').clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


# --- what the model has learned ---------------------------------------------------------------------------------

LEARNED = {
    "importance": {"trust": 0.2, "parameters": [{"name": "lr", "alone": 0.5, "total": 0.75}, {"name": "depth", "alone": 0.1, "total": 0.3}]},
    "optimum": {"parameters": {"lr": 0.01, "depth": 4}, "mean": 0.123, "spread": 0.045},
    "outlook": {"expected_improvement": 0.0001, "share_of_spread": 0.002, "gain_unlikely": True},
    "early_stops": {"stopped": 34, "audited": 3, "wrong": 1},
    "slices": [
        {"parameter": "lr", "points": [{"value": 0.0001 * 10 ** (i / 10), "mean": 0.5 - i / 100, "spread": 0.1} for i in range(30)]},
        {"parameter": "depth", "points": [{"value": value, "mean": value / 10, "spread": 0.1} for value in (2, 4, 8)]},
    ],
}


def contour(first: str, second: str) -> dict:
    points = [{"first": a, "second": b, "mean": a * b, "spread": 0.1} for a in (1, 2, 3, 4) for b in (1, 2, 3, 4)]
    return {"contour": {"first": first, "second": second, "points": points}}


def test_what_the_model_has_learned_is_shown_with_how_far_to_believe_it(page, seed, twelve):
    page.answer("**/insights", 200, LEARNED)
    page.answer("**/insights?contour=lr&contour=depth", 200, {**LEARNED, **contour("lr", "depth")})
    page.answer("**/insights?contour=depth&contour=lr", 200, {**LEARNED, **contour("depth", "lr")})
    open_sweep(page, seed, twelve)
    page.see("[data-testid=importance]")
    assert page.texts("[data-testid=importance] tbody th") == ["lr", "depth"]
    assert page.texts("[data-testid=importance] td.right") == ["75 %", "50 %", "30 %", "10 %"]
    assert "guesswork" in page.text("[data-testid=trust]")
    assert "0.123" in page.text("[data-testid=optimum]") and "± 0.045" in page.text("[data-testid=optimum]")
    # What a model says that predicts so little is no reason to go on or to stop.
    assert page.text("[data-testid=outlook]").startswith("There is too little to say")
    assert page.attribute("[data-testid=outlook]", "data-unlikely") == "false"
    assert "34 runs stopped early; 3 runs spared" in page.text("[data-testid=early-stops]")
    assert page.count("[data-testid=slices] [data-slice]") == 2
    # The two that matter most, until others are chosen; the choice is in the address.
    page.wait_attribute("[data-testid=contour]", "data-first", "lr")
    assert int(page.attribute("[data-testid=contour]", "data-levels")) > 3
    page.select("[aria-label='Parameter to the right']", "depth")
    page.wait_attribute("[data-testid=contour]", "data-first", "depth")
    assert page.evaluate("new URLSearchParams(location.search).get('pair')") == "depth,lr"
    # Each picture can be read with the keyboard.
    page.focus("[data-slice=depth] svg")
    page.press("Home")
    page.wait_text("[data-slice=depth] .readout", "2: 0.2 ± 0.1")


def test_the_server_s_own_model_explains_the_sweep_while_it_runs(page, seed):
    sweep = seed.sweep(method="bayes", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE, run_cap=30)
    agent = seed.agent(sweep)
    seed.work(sweep, agent, 2, simple_loss)
    open_sweep(page, seed, sweep)
    page.wait_text("[data-testid=insights]", "4")  # that many results are needed
    assert page.count("[data-testid=importance]") == 0
    seed.work(sweep, agent, 8, simple_loss)
    page.see("[data-testid=importance]")
    page.see("[data-testid=contour]")
    assert sorted(page.texts("[data-testid=importance] tbody th")) == ["depth", "lr"]
    assert sorted(page.evaluate("[...document.querySelectorAll('[data-slice]')].map((slice) => slice.dataset.slice)")) == ["depth", "lr"]
    page.see("[data-testid=outlook]")


# --- live -------------------------------------------------------------------------------------------------------


def test_nothing_moves_while_runs_come_and_end(page, seed):
    sweep = seed.sweep(method="random", metric={"name": "loss", "goal": "minimize"}, parameters=SPACE)
    agent = seed.agent(sweep)
    seed.work(sweep, agent, 5, simple_loss)
    page.answer("**/insights*", 200, LEARNED)
    open_sweep(page, seed, sweep)
    page.see("header [data-state=live]")
    page.see("[data-testid=importance]")
    page.evaluate("""(() => {
      window.shifts = [];
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts.push(entry.value); })
        .observe({ type: 'layout-shift', buffered: false });
    })()""")
    seed.work(sweep, agent, 3, simple_loss)
    page.wait_attribute(TABLE, "data-rows", 8)
    page.wait_text("[data-testid=progress]", "8")
    assert sum(page.evaluate("window.shifts")) < 0.01, json.dumps(page.evaluate("window.shifts"))
