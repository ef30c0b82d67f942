"""Every forecasting system of the package on one real series, with the test that proves it.

    python examples/systems.py [NAME ...] [--quick]

Shows: the first 640 values of the Santa Fe laser, 600 to learn and 8 steps ahead, about one pulse, from five origins
after them; each system is fitted once. All networks have six units, lags 1 to 8, a window of 15 values (two pulses), a
linear path that starts at the AR solution, and one seed; they are trained by L-BFGS, stopped early on the last fifth of
the 600 values, epoch 0 included. None of them is tuned. The graph network sees the laser and two delayed copies of it
as nodes, the recursive network the laser as the sum of its part below 50 counts and its part above.

See: the error beside that of AR (below 1 is better) and of seasonal naive with the season of 15 steps, the number of
parameters, and the seconds to fit and forecast. One seed and one series show that a system works, not which is best.
NAMEs choose systems, `--quick` trains for a few steps, not compiled by XLA.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import (
    AR,
    NARX,
    RNN,
    TDNN,
    GraphRNN,
    MarkovSwitching,
    MemoryNetwork,
    OnlineRNN,
    RecursiveNet,
    ResidualTDNN,
    SeasonalNaive,
    Seq2Seq,
    Transformer,
)
from forecast.datasets import load_laser
from forecast.estimators.base import Forecaster
from forecast.layers import CELLS

LAGS, WINDOW, SEASON, UNITS = 8, 15, 15, 6
ROWS, HORIZON, ORIGINS = 600, 8, 5
COMMON = {
    "solver": "lbfgs",
    "epochs": 100,
    "selection": False,
    "random_state": 0,
}  # always the networks, never AR in their place
EDGES = pd.DataFrame({"source": ["10 ago", "5 ago"], "target": ["5 ago", "laser"]})
PARENTS = pd.DataFrame({"node": ["dim", "bright"], "parent": "laser"})
BASELINES = ("AR", "seasonal naive")
TESTS = Path(__file__).parents[1] / "tests"

# Name of a cell: (what its tests prove, the test).
LSTM_VARIANT = ("= equation in numpy", "lstm.py::test_every_variant_is_its_equation")
PROOFS = {
    "elman": ("= keras SimpleRNN; BPTT by hand", "elman.py::test_equals_the_simple_rnn_of_keras"),
    "jordan": ("= NARX cell of one output delay", "jordan.py::test_equals_a_narx_cell_of_one_output_delay"),
    "residual": (
        "gradient 1 through 1,000 steps",
        "residual.py::test_the_gradient_starts_as_exactly_one_through_a_thousand_steps",
    ),
    "lstm": ("= keras LSTM, torch LSTM", "lstm.py::test_equals_the_lstm_of_keras"),
    "lstm-no-forget": ("= forget gate forced open", "lstm.py::test_a_missing_gate_is_a_gate_forced_open"),
    "lstm-peephole": LSTM_VARIANT,
    "lstm-peephole-current": LSTM_VARIANT,
    "lstm-coupled": ("= LSTM with tied gates", "lstm.py::test_coupled_gates_are_tied_gates"),
    "lstm-coupled-forget": ("= LSTM with tied gates", "lstm.py::test_coupled_gates_are_tied_gates"),
    "lstm-no-input-gate": LSTM_VARIANT,
    "lstm-no-output-gate": LSTM_VARIANT,
    "lstm-no-input-activation": LSTM_VARIANT,
    "lstm-no-output-activation": LSTM_VARIANT,
    "lstm-full-gate-recurrence": LSTM_VARIANT,
    "lstm-depth-gated": (
        "gate shut = LSTM stack",
        "depth_gated.py::test_shut_gates_leave_a_stack_of_lstm_layers",
    ),
    "gru": ("= keras GRU, torch GRU", "gru.py::test_equals_the_gru_of_keras"),
    "gru-dual": (
        "= GRU with 1 - z for z",
        "gru.py::test_the_two_conventions_map_onto_each_other_by_one_minus_z",
    ),
    "gru-reset-before": ("= keras GRU", "gru.py::test_equals_the_gru_of_keras"),
    "mut1": ("= equation in numpy", "mut.py::test_is_its_equation"),
    "mut2": ("= equation in numpy", "mut.py::test_is_its_equation"),
    "mut3": ("= equation in numpy", "mut.py::test_is_its_equation"),
    "mgu": ("= equation in numpy", "minimal.py::test_is_its_equation"),
    "diagonal": (
        "= Elman of a diagonal matrix",
        "diagonal.py::test_equals_the_simple_cell_with_a_diagonal_matrix",
    ),
}


def recurrent(**options) -> RNN:
    """One recurrent layer beside the linear path, with `options` for anything else."""
    return RNN(**{"units": UNITS, "window": WINDOW, "lags": LAGS, **COMMON, **options})


def seq2seq(**options) -> Seq2Seq:
    """Encoder and decoder of 8 steps."""
    return Seq2Seq(horizon=HORIZON, units=UNITS, window=WINDOW, **COMMON, **options)


def systems() -> dict[str, tuple[Forecaster, str, str]]:
    """Name: (forecaster, what its test proves, the test under tests/)."""
    cells = {}
    for name in CELLS:
        proof, test = PROOFS[name]
        cells[name] = (recurrent(cell=name), proof, f"layers/recurrent/test_{test}")
    stack = "layers/recurrent/test_stack.py::"
    of_keras = ("= the stack of keras", f"{stack}test_stack_of_lstm_cells_is_that_of_keras")
    told = (
        "free run = teacher-forced outputs",
        "networks/test_seq2seq.py::test_a_free_run_is_teacher_forcing_with_its_own_forecasts",
    )
    dense = {"lags": LAGS, "hidden": (UNITS,), **COMMON}
    return {
        "AR": (
            AR(lags=LAGS),
            "= statsmodels AutoReg",
            "estimators/baselines/test_ar.py::test_equals_autoreg",
        ),
        "seasonal naive": (
            SeasonalNaive(season=SEASON),
            "known answers",
            "estimators/baselines/test_naive.py::test_known_answers",
        ),
        "Markov switching": (
            MarkovSwitching(order=2),
            "= sum over paths of regimes",
            "estimators/baselines/test_markov_switching.py::test_the_forecast_adds_up_all_paths_of_regimes",
        ),
        "TDNN": (
            TDNN(delays=2, **dense),
            "= causal convolution",
            "layers/test_delay.py::test_time_delay_is_the_causal_convolution_with_the_same_kernel",
        ),
        "NARX": (
            NARX(**dense),
            "= equation in numpy",
            "layers/test_narx.py::test_cell_is_the_numpy_loop_of_its_equation",
        ),
        "residual TDNN": (
            ResidualTDNN(horizon=HORIZON, window=WINDOW, random_state=0),
            "parts add up to the past",
            "layers/test_residual.py::test_backcasts_and_the_rest_sum_to_the_past_and_forecasts_to_the_forecast",
        ),
        **cells,
        "stacked (recurrent MLP)": (
            recurrent(cell="elman", units=(UNITS, UNITS)),
            "= keras RNN of keras RNN",
            f"{stack}test_every_cell_of_the_catalogue_runs_in_a_stack",
        ),
        "bidirectional, sum": (recurrent(cell="lstm", bidirectional="sum"), *of_keras),
        "bidirectional, concat": (recurrent(cell="lstm", bidirectional="concat"), *of_keras),
        "mean of the states": (
            recurrent(cell="elman", pooling="mean"),
            "= equation in numpy",
            "networks/test_sequences.py::test_network_is_its_equation_whatever_the_padding",
        ),
        "layer norm": (recurrent(cell="lstm", layer_norm=True), *of_keras),
        "zoneout": (
            recurrent(cell="lstm", zoneout=0.1, solver="adam"),
            "zoneout 1 keeps the state",
            f"{stack}test_zoneout_one_keeps_the_state_and_its_expectation_is_used_afterwards",
        ),
        "online RNN (RTRL)": (
            OnlineRNN(cell="diagonal", units=UNITS, lags=LAGS, random_state=0),
            "gradient = BPTT to 1e-10",
            "training/test_rtrl.py::test_gradient_equals_backpropagation_through_time",
        ),
        "encoder-decoder, first state": (seq2seq(context="first"), *told),
        "encoder-decoder, every step": (seq2seq(context="every"), *told),
        "attention, additive": (
            seq2seq(attention="additive"),
            "= keras AdditiveAttention",
            "layers/test_attention.py::test_additive_attention_without_projections_is_that_of_keras",
        ),
        "attention, multiplicative": (
            seq2seq(attention="multiplicative"),
            "= equation in numpy",
            "layers/test_attention.py::test_layer_is_its_equation",
        ),
        "Transformer encoder": (
            Transformer(window=WINDOW, d_model=8, **COMMON),
            "= equation in numpy",
            "networks/test_transformer.py::test_network_is_its_equation",
        ),
        "external memory (NTM)": (
            MemoryNetwork(units=UNITS, window=WINDOW, lags=LAGS, **COMMON),
            "= equations in numpy",
            "layers/test_memory.py::test_cell_is_the_numpy_loop_of_its_equations",
        ),
        "graph network": (
            GraphRNN(edges=EDGES, units=UNITS, lags=LAGS, **COMMON),
            "= equation in numpy",
            "layers/test_graph.py::test_cell_is_the_numpy_loop_of_its_equation",
        ),
        "recursive network": (
            RecursiveNet(parents=PARENTS, units=UNITS, lags=LAGS, **COMMON),
            "chain = simple RNN",
            "layers/test_tree.py::test_on_a_chain_it_is_the_simple_recurrent_network",
        ),
    }


def check_tests(tests: list[str]) -> None:
    """Every test named exists."""
    for file, function in (test.split("::") for test in tests):
        if f"def {function}(" not in (TESTS / file).read_text(encoding="utf-8"):
            raise LookupError(f"no test {function} in tests/{file}")


def parameters(model: Forecaster) -> int:
    """Numbers that were learned."""
    theta = getattr(model, "theta_", None)
    if theta is not None:
        return int(np.shape(theta)[-1])
    return int(sum(np.size(getattr(model, name, ())) for name in ("coef_", "exog_coef_", "coefficients_")))


def nodes(model: Forecaster, y: pd.Series) -> pd.DataFrame:
    """The series as the columns of a frame: with what a graph or a tree puts beside it, else alone."""
    if isinstance(model, GraphRNN):
        return pd.DataFrame({"laser": y, "5 ago": y.shift(5).bfill(), "10 ago": y.shift(10).bfill()})
    if isinstance(model, RecursiveNet):
        return pd.DataFrame({"dim": y.clip(upper=50), "bright": (y - 50).clip(lower=0), "laser": y})
    return y.to_frame("laser")


def error(model: Forecaster, y: pd.Series) -> float:
    """RMSE of 8 steps ahead from five origins, learned before the first."""
    values, forecasts = nodes(model, y), []
    model.fit(values[:ROWS])
    for origin in range(ROWS, len(y), HORIZON):
        forecasts.append(model.predict(HORIZON)["laser"])
        model.update(values[origin : origin + HORIZON])
    return float(np.sqrt(np.mean((pd.concat(forecasts) - y[ROWS:]) ** 2)))


def main() -> None:
    """Fit each, forecast, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="train for a few steps")
    arguments = parser.parse_args()
    y, chosen, start = load_laser()[: ROWS + HORIZON * ORIGINS], systems(), time.perf_counter()
    check_tests([test for _, _, test in chosen.values()])
    ar, naive = (error(chosen[name][0], y) for name in BASELINES)
    print(f"{'system':30s}{'proof':34s}{'/ AR':>8s}{'/ naive':>9s}{'parameters':>12s}{'seconds':>9s}")
    for name, (model, proof, _) in chosen.items():
        if arguments.names and name not in (*arguments.names, *BASELINES):
            continue
        if arguments.quick:
            options = {"epochs": 3, "jit_compile": False}
            model.set_params(**{name: value for name, value in options.items() if name in model.get_params()})
        began = time.perf_counter()
        found = error(model, y)
        seconds = time.perf_counter() - began
        print(
            f"{name:30s}{proof:34s}{found / ar:8.3f}{found / naive:9.3f}{parameters(model):12d}{seconds:9.1f}",
            flush=True,
        )
    print(f"RMSE of AR {ar:.1f} counts; all in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
