"""Submissions: what is written is read back, in the rows and columns that the organisers ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import read_m4, write_m4, write_m5

POINT = pd.DataFrame({"unique_id": ["b", "b", "a"], "ds": [12, 11, 7], "AR": [2.0, 1.0, 0.25]})
DAYS = pd.DataFrame({"unique_id": "A_1_CA_1_evaluation", "ds": np.arange(28), "AR": np.arange(28.0)})


def test_m4_has_the_order_of_series_and_steps(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    write_m4(path, POINT.assign(other=0.0))
    assert path.read_text().splitlines()[0] == "id,F1,F2"
    assert read_m4(path)["unique_id"].tolist() == ["b", "b", "a"]
    assert read_m4(path)["y"].tolist() == [1.0, 2.0, 0.25]
    write_m4(path, POINT.assign(other=9.0), column="other")
    assert read_m4(path)["y"].tolist() == [9.0] * 3


def test_m5_has_both_phases(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    write_m5(path, DAYS)
    table = pd.read_csv(path, index_col="id")
    assert table.loc["A_1_CA_1_evaluation"].tolist() == list(range(28))
    assert table.index[0] == "A_1_CA_1_validation" and not table.iloc[0].any()


@pytest.mark.parametrize(
    ("write", "forecasts", "told"),
    [
        (write_m4, POINT[["unique_id", "ds"]], "columns unique_id, ds and 3 rows"),
        (write_m4, POINT[:0], "and 0 rows"),
        (write_m4, POINT.assign(AR=[1.0, np.nan, 2.0]), "a missing value of 'b'"),
        (write_m5, DAYS[:27], "27 days"),
        (write_m5, DAYS.assign(unique_id="A_1_CA_1"), "'A_1_CA_1' and others"),
    ],
)
def test_what_is_no_submission(tmp_path: Path, write, forecasts: pd.DataFrame, told: str) -> None:
    with pytest.raises(ValueError, match=f"forecasts: must be .*{told}"):
        write(tmp_path / "submission.csv", forecasts)
    assert not [*tmp_path.iterdir()]
