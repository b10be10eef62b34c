"""What a chart draws, down to the words beside its marks."""
import json

import pytest

from seed import Seed

# Keeps what is written on a canvas, as boxes in its pixels.
SPY = """(() => {
  window.written = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const width = this.measureText(text).width;
    const at = this.getTransform().transformPoint(new DOMPoint(x, y));
    const left = at.x - (this.textAlign === 'right' ? width : this.textAlign === 'center' ? width / 2 : 0);
    window.written.push({ chart: this.canvas.closest('[data-chart]')?.dataset.chart, text, left, right: left + width, y: at.y, wide: this.canvas.width, align: this.textAlign });
    return write.call(this, text, x, y, ...rest);
  };
})()"""


@pytest.fixture
def seed(server, user):
    return Seed(server, user, "drawn")


def open_run(page, seed, run: str, query: str = "") -> None:
    page.goto(f"{seed.server.url}/{seed.user.name}/{seed.project}/runs/{run}{query}")
    page.see("[data-chart] canvas")


def labels(page, chart: str) -> dict:
    """What stands beside the marks of a chart, {"x": [...], "y": [...]}, from left to right and from top to bottom."""
    page.evaluate(SPY)
    # A chart of another size is drawn anew.
    page.click(f"[data-chart={json.dumps(chart)}] [aria-label=Large]")
    page.wait(f"window.written.some((entry) => entry.chart === {json.dumps(chart)})")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    written = [entry for entry in page.evaluate("window.written") if entry["chart"] == chart]
    # What was drawn last, of a chart that was drawn several times.
    last = {(entry["align"], entry["text"]): entry for entry in written}.values()
    x = sorted((entry for entry in last if entry["align"] == "center"), key=lambda entry: entry["left"])
    y = sorted((entry for entry in last if entry["align"] == "right"), key=lambda entry: entry["y"])
    page.click(f"[data-chart={json.dumps(chart)}] [aria-label=Large]")
    return {"x": x, "y": y}


def texts(entries: list) -> list:
    return [entry["text"] for entry in entries]


NEARLY_CONSTANT = [[0.99999994, 1], [1, 1.00000012], [1, 0.9999997], [1, 1.0000001], [2, 2.00000024], [1e20, 1e20 + 1e5], [-1e308, 1e308],
                   [3, 3], [0, 5e-324]]


def test_a_nearly_constant_metric_is_drawn_with_marks(page, seed):
    seed.start("flat", {})
    seed.log("flat", [{"_step": step, **{f"m{i}": pair[step] for i, pair in enumerate(NEARLY_CONSTANT)}} for step in (0, 1)], ends=0)
    for query in ("", "?y=log", "?x=m1"):
        open_run(page, seed, "flat", query)
        page.wait_count("[data-chart] canvas", len(NEARLY_CONSTANT))
        assert page.problems() == [], query
    open_run(page, seed, "flat")
    for chart in ("m0", "m1", "m2", "m3", "m4"):
        assert 3 <= len(texts(labels(page, chart)["y"])) < 20, chart


def test_the_words_left_of_a_chart_are_whole_and_tell_the_marks_apart(page, seed):
    seed.start("large", {})
    gpu = 17_179_869_184
    seed.log("large", [{"_step": step, "count": step * 1e7, "offset": 100_000 + step / 200, "memory": gpu + step * 1e6, "tiny": 1e-9 * (1 + step / 1e5),
                        "huge": 1e20 + step * 1e15} for step in range(11)], ends=0)
    open_run(page, seed, "large")
    page.wait_count("[data-chart] canvas", 5)
    for chart in ("count", "offset", "memory", "tiny", "huge"):
        left = labels(page, chart)["y"]
        assert len(left) >= 3, (chart, texts(left))
        assert all(0 <= entry["left"] for entry in left), (chart, left)
    assert "100M" in texts(labels(page, "count")["y"])


def test_the_words_below_a_chart_stand_apart(page, seed):
    seed.start("late", {})
    seed.log("late", [{"_step": 80_000_000 + step, "loss": 1 / (step + 1), "big": 123_456_700 + step} for step in range(100)], ends=0)
    for query in ("", "?x=big"):
        open_run(page, seed, "late", query)
        assert_apart(labels(page, "loss")["x"])


def assert_apart(entries: list) -> None:
    assert len(entries) >= 2, entries
    for before, after in zip(entries, entries[1:]):
        assert before["right"] + 2 <= after["left"], (before["text"], after["text"])


def average(values: list, weight: float) -> list:
    """As the page has always smoothed what it holds in full."""
    total, norm, out = 0.0, 1.0, []
    for value in values:
        total = weight * total + (1 - weight) * value
        norm *= weight
        out.append(total / (1 - norm))
    return out


def test_the_smoothed_line_of_a_long_run_is_that_of_all_its_rows(page, seed):
    values = [5.0 if step % 100 == 50 else 0.1 for step in range(20_000)]
    true = average(values, 0.99)
    seed.start("smooth", {})
    for offset in (0, 10_000):
        seed.log("smooth", [{"_step": offset + i, "loss": value} for i, value in enumerate(values[offset:offset + 10_000])], offset)
    smoothed = "[data-chart=loss] [data-testid=smoothed]"

    def read() -> tuple:
        """The step and the smoothed value in words."""
        step = page.text("[data-chart=loss] [data-testid=readout] span:last-of-type").split()[-1]
        return int(step.replace(",", "")), float(page.text(smoothed).split()[-1])

    open_run(page, seed, "smooth", "?sm=0.99")
    page.wait("Number(document.querySelector('[data-chart=loss]')?.dataset.points) > 400")
    page.wait_text(smoothed, "smoothed")
    assert int(page.attribute("[data-chart=loss]", "data-points")) < 3000
    step, value = read()
    assert step == 19_999 and value == pytest.approx(true[step], rel=1e-3)
    # A zoom does not begin the average anew at its left edge.
    coarse = page.attribute("[data-chart=loss]", "data-points")
    page.drag("[data-chart=loss] .u-over", [0.40, 0.5], [0.42, 0.5])
    page.wait(f"document.querySelector('[data-chart=loss]').dataset.points !== '{coarse}'")
    page.focus("[data-chart=loss] .frame")
    page.press("Home")
    page.wait("!document.querySelector('[data-chart=loss] [data-testid=readout]').textContent.includes('19,999')")
    step, value = read()
    assert 7000 < step < 9000 and value == pytest.approx(true[step], rel=1e-3)
    page.click("[data-testid=zoom] button")
    page.wait_attribute("[data-chart=loss]", "data-points", coarse)
    # Another weight, and rows that come while one looks.
    page.evaluate("""(() => { const range = document.querySelector('input[type=range]'); range.value = '0.9'; range.dispatchEvent(new Event('input', { bubbles: true })); })()""")
    other = average(values + [1.0] * 5, 0.9)
    page.wait(f"document.querySelector('{smoothed}')?.textContent.includes('{other[19_999]:.4f}')")
    seed.log("smooth", [{"_step": 20_000 + i, "loss": 1.0} for i in range(5)], 20_000, ends=0)
    page.wait_text("[data-chart=loss] [data-testid=readout]", "20,004")
    step, value = read()
    assert value == pytest.approx(other[20_004], rel=1e-3)


def test_a_weight_that_is_none_is_refused_in_words(seed):
    query = """query Q($entity: String!, $project: String!, $specs: [JSONString!]!) {
      project(name: $project, entityName: $entity) { run(name: "r") { sampledHistory(specs: $specs) } } }"""
    seed.start("r", {})
    seed.log("r", [{"_step": 0, "loss": 1}, {"_step": 1, "loss": 4}])
    for wrong in ({"keys": ["loss"], "extremes": "loss", "smooth": 1}, {"keys": ["loss"], "extremes": "loss", "smooth": "much"}, {"keys": ["loss"], "smooth": 0.5}):
        answer = seed.server.request("POST", "/graphql", {"query": query, "variables": {"entity": seed.user.name, "project": seed.project, "specs": [json.dumps(wrong)]}}, key=seed.user.key)
        assert "smooth" in json.dumps(answer.json()["errors"]), wrong
    rows = seed.ask(query, specs=[json.dumps({"keys": ["loss"], "extremes": "loss", "smooth": 0.5, "minStep": 1, "maxStep": 1})])
    assert rows["project"]["run"]["sampledHistory"] == [[{"loss": 4, "_smoothed": 3}]]


def test_the_words_below_a_chart_of_time_stand_apart_and_count_time(page, seed):
    for run, seconds in (("minutes", 400), ("hours", 20_000), ("days", 400_000)):
        seed.start(run, {})
        seed.log(run, [{"_step": step, "_runtime": step * seconds / 100, "loss": 1} for step in range(101)], ends=0)
        for width in (1280, 390):
            page.resize(width, 900)
            open_run(page, seed, run, "?x=_runtime")
            below = labels(page, "loss")["x"]
            assert_apart(below)
            assert not any(" 0 " in f" {text}" or "00" in text for text in texts(below)[1:]), texts(below)
    page.resize(1280, 900)


def test_a_single_point_is_marked_where_it_is(page, seed):
    seed.start("one", {})
    seed.log("one", [{"_step": 7, "loss": 1}], ends=0)
    open_run(page, seed, "one")
    assert texts(labels(page, "loss")["x"]) == ["7"]


def test_the_figure_above_a_chart_is_the_last_value_whatever_is_below(page, seed):
    seed.start("cycle", {})
    seed.log("cycle", [{"_step": 0, "lr": 0.5, "loss": 3}, {"_step": 1, "lr": 1.0, "loss": 2}, {"_step": 2, "lr": 0.1, "loss": 1}], ends=0)
    open_run(page, seed, "cycle", "?x=lr")
    page.wait_text("[data-chart=loss] [data-testid=readout]", "lr 0.1")
    assert page.text("[data-chart=loss] [data-testid=readout] b") == "1"
    page.wait("document.querySelector('[data-chart=loss] .frame').ariaLabel.includes('last 1 at lr 0.1')")


def test_what_is_counted_of_a_sample_is_said_to_be_of_a_sample(page, seed):
    seed.start("sparse", {})
    seed.log("sparse", [{"_step": step, "loss": "NaN" if step % 50 else step} for step in range(5000)], ends=0)
    open_run(page, seed, "sparse")
    page.wait_text("[data-chart=loss]", "not drawn, of ")
    page.wait_text("[data-chart=loss]", "sampled from 5000")
    page.wait("document.querySelector('[data-chart=loss] .frame').ariaLabel.includes('sampled from 5000 points')")
    page.click("[data-chart=loss] button:has-text('table')")
    page.wait_text("[data-chart=loss] caption", "sampled from 5000 points")


def test_a_chart_without_a_common_row_says_so(page, seed):
    seed.start("apart", {})
    seed.log("apart", [{"_step": 0, "loss": 1}, {"_step": 1, "accuracy": 0.5}, {"_step": 2, "loss": 0.5}], ends=0)
    open_run(page, seed, "apart", "?x=accuracy")
    page.wait_text("[data-chart=loss]", "No row holds both loss and accuracy.")
    assert "No row" not in page.text("[data-chart=accuracy]")


def test_a_figure_without_room_is_not_half_a_number(page, seed):
    seed.start("wide", {})
    seed.log("wide", [{"_step": 123_456 + step, "loss": 12_345_678_901 + step} for step in range(20)], ends=0)
    page.resize(390, 900)
    open_run(page, seed, "wide", "?sm=0.9")
    page.wait_text("[data-chart=loss] [data-testid=readout]", "smoothed")
    cut = page.evaluate("""[...document.querySelectorAll('[data-chart=loss] [data-testid=readout] > *')].map((part) => {
      const box = part.getBoundingClientRect(), frame = part.parentElement.getBoundingClientRect();
      return { text: part.textContent, out: box.right - frame.right, hidden: part.scrollWidth - part.clientWidth, style: getComputedStyle(part).textOverflow };
    })""")
    assert len(cut) == 3
    for part in cut:
        assert part["out"] <= 0.5 and (part["hidden"] <= 0 or part["style"] == "ellipsis"), part
    page.resize(1280, 900)
