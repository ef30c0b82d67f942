"""Every example runs as a program of its own and shows what its docstring promises."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pandas as pd
import pytest

from forecast.estimators.registry import MODULES
from forecast.layers import CELLS
from tests.examples.process import run_script

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
BENCHMARKS = sorted((ROOT / "examples" / "benchmarks").glob("*.py"))
backend = pytest.mark.backend  # on three: all that the others use is tested on every backend elsewhere
slow = pytest.mark.slow


def run(name: str, folder: Path, *arguments: str, optimised: bool = False) -> str:
    """What the example prints, run in `folder` without a warning."""
    script = ROOT / "examples" / f"{name}.py"
    status, printed, told = run_script(script, folder, *arguments, optimised=optimised)
    assert status == 0, told[-3000:]
    assert "Warning" not in told
    return printed


def numbers(text: str, before: str) -> list[float]:
    """The numbers that follow `before` in its line."""
    line = re.search(rf"^\s*{re.escape(before)}(.*)$", text, re.MULTILINE)
    assert line, f"no line {before!r} in\n{text}"
    return [float(word) for word in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", line[1])]


def is_picture(path: Path) -> bool:
    """A PNG with something in it."""
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and path.stat().st_size > 5_000


def test_every_example_is_tested() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert EXAMPLES and [name for name in EXAMPLES if f"def test_{name}(" not in source] == []


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_says_what_it_takes(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if script.stem == "torch_lstm":
        pytest.importorskip("torch")
    monkeypatch.setattr(sys, "argv", [script.name, "--help"])
    monkeypatch.syspath_prepend(script.parent)  # as when it is run
    with pytest.raises(SystemExit, match="^0$"):
        runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.startswith(f"usage: {script.name}")


@slow
def test_systems(tmp_path: Path) -> None:
    """Three of them, trained in full; the script itself looks every named test up."""
    printed = run("systems", tmp_path, "TDNN", "gru", "graph network")
    rows = re.findall(r"^(.{30}).{34} +(\S+) +(\S+) +(\d+) +\S+$", printed, re.MULTILINE)
    to_ar = {name.strip(): float(ratio) for name, ratio, _, _ in rows}
    assert list(to_ar) == ["AR", "seasonal naive", "TDNN", "gru", "graph network"]
    assert to_ar["AR"] == 1.0 < to_ar["seasonal naive"]
    assert max(to_ar["TDNN"], to_ar["gru"], to_ar["graph network"]) < 0.95
    for name, _, to_naive, _ in rows:
        assert float(to_naive) == pytest.approx(to_ar[name.strip()] / to_ar["seasonal naive"], abs=2e-3)


def test_every_system_of_the_field_is_in_the_table() -> None:
    table = runpy.run_path(str(ROOT / "examples" / "systems.py"))["systems"]()
    assert set(table) > set(CELLS) and len(table) > len(CELLS) + 15
    used = {type(model).__name__ for model, _, _ in table.values()}
    networks = {name for name, home in MODULES.items() if ".neural." in home}
    assert networks - used == {"KerasForecaster"}  # a network of the user's own


@backend
@slow
def test_first_forecast(tmp_path: Path) -> None:
    printed = run("first_forecast", tmp_path)
    narx, ar = (numbers(printed, f"{name}: mean absolute error")[0] for name in ("NARX", "AR"))
    assert narx < ar < 30
    assert "of the two years lie inside the 80 % interval." in printed
    assert is_picture(tmp_path / "first_forecast.png")


@backend
@slow
def test_service(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    printed = run("service", tmp_path)
    forecast = [numbers(printed, f"1960-{month:02d}")[0] for month in range(1, 13)]
    by_onnx = numbers(printed, "by ONNX:")
    assert by_onnx == pytest.approx(forecast, abs=0.11)
    assert "status 400: initial: must be at least 12 rows" in printed
    assert max(numbers(printed, name)[0] for name in ("answer", "over HTTP", "ONNX")) < 10


@slow
def test_grid_search(tmp_path: Path) -> None:
    printed = run("grid_search", tmp_path)
    assert "Pipeline: {'narx__exog_lags': 4}" in printed
    assert re.search(r"Series alone: \{'lags': \d+\}, R2 0\.\d\d", printed)
    assert numbers(printed, "1961-01")[0] == pytest.approx(450, abs=50)


@backend
@slow
def test_system_identification(tmp_path: Path) -> None:
    printed = run("system_identification", tmp_path)
    arx, one_step, free_run = (
        numbers(printed, name) for name in ("ARX ", "NARX, one-step ", "NARX, free-run ")
    )
    assert one_step[0] < min(arx[0], free_run[0])
    assert 1.0 < free_run[1] < 1.15 < one_step[1] < arx[1]


@slow
def test_several_experiments(tmp_path: Path) -> None:
    printed = run("several_experiments", tmp_path)
    five, whole, one = (
        numbers(printed, name) for name in ("five records ", "one, five times as long ", "one of the five ")
    )
    assert five[0] == pytest.approx(whole[0], rel=0.05) and five[1] == pytest.approx(whole[1], rel=0.05)
    assert 1.0 < five[1] < 0.6 * one[1]


@slow
def test_competition_panel(tmp_path: Path) -> None:
    printed = run("competition_panel", tmp_path)
    assert printed.splitlines()[2].startswith("NARX ")
    assert is_picture(tmp_path / "competition_panel.png")
    submission = pd.read_csv(tmp_path / "submission.csv")
    assert list(submission.columns) == ["unique_id", "ds", "NARX"]
    assert (submission.groupby("unique_id").size() == 6).all() and submission["unique_id"].nunique() == 200
    assert submission["ds"].min() == "2026-01-01" and submission["NARX"].gt(0).all()


@backend
@slow
def test_competition_weekly(tmp_path: Path) -> None:
    printed = run("competition_weekly", tmp_path, "--quick")
    rows = {name: numbers(printed, f"{name} ") for name in ("AR", "ResidualTDNN", "Naive2")}
    assert rows["Naive2"][-1] == 1.0 and all(len(row) == 3 for row in rows.values())
    submission = pd.read_csv(tmp_path / "submission.csv", index_col="id")
    assert submission.shape == (6, 13) and submission.notna().all(axis=None)
    assert len(pd.read_csv(tmp_path / "series.csv")) == 6


@slow
def test_panel_embedding(tmp_path: Path) -> None:
    printed = run("panel_embedding", tmp_path)
    ar, one, series, kinds, new = (
        numbers(printed, name)[0]
        for name in (
            "AR of each series  mean absolute error",
            "one network        mean absolute error",
            "vectors of series  mean absolute error",
            "vectors of kinds   mean absolute error",
            "a café never seen: mean absolute error",
        )
    )
    assert max(series, kinds, new) < 0.5 * min(ar, one)


@slow
def test_own_keras_model(tmp_path: Path) -> None:
    printed = run("own_keras_model", tmp_path)
    assert printed.splitlines()[2].startswith("GRU ")
    assert is_picture(tmp_path / "own_keras_model.png")


@slow
def test_delay_layers(tmp_path: Path) -> None:
    printed = run("delay_layers", tmp_path)
    identities = re.findall(r"= .*: +(\d\.\de[+-]\d\d)$", printed, re.MULTILINE)
    assert len(identities) == 3 and max(map(float, identities)) < 1e-5
    assert numbers(printed, "open loop: RMSE")[0] < numbers(printed, "closed loop: RMSE")[0] < 0.5


def test_lag_table(tmp_path: Path) -> None:
    printed = run("lag_table", tmp_path)
    assert "demand.lag337, temperature.lag0, holiday.lag0, temperature.lag48" in printed
    assert numbers(printed, "Ridge, one step ahead over the last week: R2")[0] > 0.99
    assert numbers(printed, "trees ")[5] > 0 and numbers(printed, "trees ")[6] > 0


@slow
def test_update_and_save(tmp_path: Path) -> None:
    printed = run("update_and_save", tmp_path)
    rows = [numbers(printed, step) for step in ("fit  ", "update ", "partial_fit ")]
    assert [row[0] for row in rows] == [900, 950, 1000]
    assert rows[0][2] == rows[1][2] == 0.0 < rows[2][2]
    assert "Loaded model forecasts the same: True" in printed
    assert (tmp_path / "laser.forecast").is_file()


@slow
def test_gradient_flow(tmp_path: Path) -> None:
    printed = run("gradient_flow", tmp_path, "gradient_flow.png")
    half = printed.index("copy ")
    for problem in (printed[:half].replace("adding ", "       "), printed[half:].replace("copy ", "     ")):
        simple, large, residual, lstm, carousel = (
            numbers(problem, f"{name}  ")[-5:]
            for name in ("simple RNN", "simple RNN, U x 3", "residual", "LSTM", "LSTM, no forget gate")
        )
        assert simple == sorted(simple, reverse=True) and lstm == sorted(lstm, reverse=True)
        assert simple[-1] < 0.1 and lstm[-1] < 0.01 and large[-1] > 1e3
        assert residual == [1.0] * 5 and min(carousel) > 0.05
    for problem in ("adding", "copy"):
        (free, left), (clipped, kept) = (
            map(
                float,
                re.search(rf"^{problem} *{how} .*step +(\S+) .*: (\S+)$", printed, re.MULTILINE).groups(),
            )
            for how in ("unclipped", "clipped at 1")
        )
        assert free > 10 and not left > 1e-3  # nothing comes back, or not a number
        assert clipped == 0.1 and 1 < kept < 1e3
    assert is_picture(tmp_path / "gradient_flow.png")


@slow
def test_online_learning(tmp_path: Path) -> None:
    printed = run("online_learning", tmp_path)
    exact, short = numbers(printed, "rtrl "), numbers(printed, "one-step ")
    assert exact[-1] < 0.05 < 0.5 < short[-1]
    learning, frozen, linear = (numbers(printed, name) for name in ("learning ", "frozen ", "AR "))
    assert learning[0] < 1.3 * linear[0] and 3 * learning[2] < min(frozen[2], linear[2])
    assert float(printed.split("its size times ")[1]) < 1.05


@slow
def test_copy_task(tmp_path: Path) -> None:
    """Bits right at 8, 12, 16 and 20 words; the networks are trained on 1 to 8.

    As users compile it: what unoptimised code rounds differs so much between processors that 3 % of the bits turn.
    """
    printed = run("copy_task", tmp_path, optimised=True)
    memory, lstm = (numbers(printed, name) for name in ("memory", "LSTM"))
    assert memory[1] <= lstm[1] < 1.1 * memory[1]
    assert min(memory[3::2]) > 0.97 and lstm[3] < 0.8 and lstm[9] < 0.6


@slow
def test_classify_sequences(tmp_path: Path) -> None:
    printed = run("classify_sequences", tmp_path)
    assert numbers(printed, "right in")[0] > 0.9
    assert "{'aaab': 'a first', 'bbbba': 'b first'}" in printed


@slow
def test_label_sequences(tmp_path: Path) -> None:
    printed = run("label_sequences", tmp_path)
    most, past, both = (
        numbers(printed, name)[0]
        for name in ("most frequent label:", "bidirectional=None:", "bidirectional=concat:")
    )
    assert most < 0.7 < past < both


def test_markov(tmp_path: Path) -> None:
    printed = run("markov", tmp_path)
    first, second = (numbers(printed, f"perplexity of order {order}:")[0] for order in (1, 2))
    assert second < first < 5.0
    assert numbers(printed, "AR: mean")[0] < numbers(printed, "MarkovSwitching: mean")[0] < 25


@slow
def test_graph_panel(tmp_path: Path) -> None:
    printed = run("graph_panel", tmp_path)
    alone, deaf, heard = (
        numbers(printed, f"{name:18s}west") for name in ("AR of each gauge", "no edges", "edges")
    )
    assert all(h < 0.7 * min(a, d) for h, a, d in list(zip(heard, alone, deaf, strict=True))[2:4])
    assert heard[4] < min(alone[4], deaf[4])


@slow
def test_hierarchy(tmp_path: Path) -> None:
    printed = run("hierarchy", tmp_path)
    assert numbers(printed, "levels add up to within")[0] < 1e-9
    for level in ("shops", "regions", "country"):
        net, sums = numbers(printed, f"{level:8s} mean absolute error: RecursiveNet")
        assert net < (1.2 if level == "shops" else 1.0) * sums, level


@slow
def test_transformer_forecast(tmp_path: Path) -> None:
    printed = run("transformer_forecast", tmp_path)
    assert numbers(printed, "Transformer ")[0] < 0.5 * numbers(printed, "AR ")[0]


@backend
@slow
def test_recurrent_forecast(tmp_path: Path) -> None:
    printed = run("recurrent_forecast", tmp_path)
    names = ("AR", "simple cell", "gated cell (GRU)", "GRU, both ways")
    ar, *networks = (numbers(printed, f"{name:18s}")[0] for name in names)
    assert max(networks) < 0.75 * ar and "Name: laser" in printed


@slow
def test_memory_forecast(tmp_path: Path) -> None:
    printed = run("memory_forecast", tmp_path)
    memory, ar = (numbers(printed, f"{name:14s}")[0] for name in ("MemoryNetwork", "AR"))
    assert memory < 0.75 * ar and "Name: laser" in printed


@slow
def test_attention_weights(tmp_path: Path) -> None:
    printed = run("attention_weights", tmp_path)
    seq2seq, ar = (numbers(printed, f"{name}: mean absolute error")[0] for name in ("Seq2Seq", "AR"))
    assert seq2seq < ar
    assert len(re.findall(r"^step \d reads lag\d+ \(\d+%\), lag", printed, re.MULTILINE)) == 8
    assert is_picture(tmp_path / "attention_weights.png")


@backend
@slow
def test_messy(tmp_path: Path) -> None:
    printed = run("messy", tmp_path)
    assert re.findall(r"^ +(007|NA) 2024-04-15", printed, re.MULTILINE) == ["007", "007", "NA", "NA"]
    ar, narx, naive = (numbers(printed, name) for name in ("AR ", "NARX ", "SeasonalNaive "))
    assert ar[0] < 1.2 * narx[0] and max(ar[0], narx[0]) < 0.7 * naive[0]
    assert is_picture(tmp_path / "messy.png")


def test_mutation(tmp_path: Path) -> None:
    names = run("mutation", tmp_path, "--list").split()
    assert len(names) >= 60  # tests/examples/test_mutation.py plants some
