"""Whether what a model file holds is a model that a fit could have made: its parts fit each other and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from forecast._checks import check_horizon
from forecast.estimators.differences import lags_of
from forecast.estimators.registry import ON_SEQUENCES
from forecast.estimators.saved_members import CONFORMAL, MEMBERS, Sizes, check_members, same_type
from forecast.estimators.transforms import steps_of
from forecast.panel.state_checks import check_panel
from forecast.panel.timeline import Dates

JOINT = ("GraphRNN", "RecursiveNet")
"""Networks that see all series of a panel as their targets."""

Values = Mapping[str, Any]


def check_params(model: Any) -> None:
    """Refuse arguments of another type than the class names, or that its `fit` would refuse.

    Raises:
        ValueError, TypeError: such an argument.
    """
    for item in fields(model):
        if item.init and not same_type(vars(model)[item.name], str(item.type)):
            raise ValueError(f"{item.name} is not of the type {item.type}")
    if type(model).__name__ not in ON_SEQUENCES:
        check_horizon(model.horizon)
    if hasattr(model, "_check_options"):
        model._check_options()


def check_learned(model: Any, values: Values, conformal: Values) -> None:
    """Refuse learned values that do not belong to the class, its arguments and its history.

    Args:
        model: with its arguments and history, before the values are set.
        values: learned values by name; conformal: those of its calibration, if any.

    Raises:
        ValueError: such values. Other errors for values that no code of the package makes.
    """
    name, panel = type(model).__name__, vars(model).get("panel_")
    sizes = Sizes()
    if panel is not None:
        check_panel(panel)
        sizes |= {
            "S": panel.n_series,
            "N": len(panel.y),
            "O": panel.n_targets,
            "E": panel.n_exog,
            "G": len(panel.layout.covariates),
        }
        _check_columns(values, panel)
        if conformal:
            check_members(CONFORMAL, conformal, Sizes(sizes))
            if not conformal["errors"].size or conformal["errors"].shape[-1] != 1 + len(model.quantiles):
                raise ValueError("a calibration without errors, or of another model")
    if "config_" in MEMBERS[name] and isinstance(values.get("config_"), dict):
        config = _config(type(model), values["config_"])
        sizes |= _network_sizes(model, config, panel, values)
        check_members(MEMBERS[name], values, sizes)
        _check_network(model, values)
    else:
        check_members(MEMBERS[name], values, sizes)
    if panel is not None:
        _check_transform(model, values)
    if name in _RELATIONS:
        _RELATIONS[name](model, values, sizes)


def check_usable(model: Any) -> None:
    """Refuse a whole model whose history is too short, or that cannot name its next row (a baseline: forecast it).

    Raises:
        ValueError: such a model. Other errors for timestamps or parameters that cannot be.
    """
    repr(model)
    if type(model).__name__ in ON_SEQUENCES:
        return
    panel = model.panel_
    if type(model).__name__ == "OnlineRNN":
        _check_online(model)
    else:
        usual = ~panel.ids.isin(list(vars(model).get("fallback_", {})))
        least = panel.lengths[usual].min(initial=np.iinfo(np.int64).max)
        _hold(model.min_history(panel) < least, "the history is shorter than the model looks back")
    if not (
        isinstance(panel.timeline, Dates) and panel.timeline.offset is None
    ):  # two rows have no next one yet
        repr(model.make_future_frame(1))
    if "config_" not in MEMBERS[type(model).__name__] and type(model).__name__ != "Ensemble":
        model._ahead(panel, 1, panel.x[panel.offsets[1:] - 1][:, None])


def _hold(true: Any, why: str) -> None:
    if not true:
        raise ValueError(why)


def _check_columns(values: Values, panel: Any) -> None:
    given = [*panel.layout.covariates]
    _hold(values.get("n_features_in_", len(given)) == len(given), "the number of covariates differs")
    names = values.get("feature_names_in_")
    known = names is None or list(names) == given
    _hold(
        known and (names is None or all(isinstance(name, str) for name in names)),
        "names of covariates differ",
    )


def _check_transform(model: Any, values: Values) -> None:
    """The transform that the argument names, with all that it needs and no more."""
    used, lags = values.get("transform_"), values.get("differences_", ())
    if model._transform == "auto":
        _hold(used in ((), ("boxcox",)), "a transform that is no candidate")
        _hold("transform_selection_" in values, "the choice of a transform is missing")
    else:
        _hold(list(used or ()) == steps_of(model._transform), "the transform in use is another one")
        _hold((used is None) == (model._transform is None), "a transform that was not asked for, or none")
        _hold("transform_selection_" not in values, "a choice of transforms that was not asked for")
    _hold(("boxcox" in (used or ())) == ("lambda_" in values), "exponents of no transform, or none")
    _hold(lags == lags_of(model, model.panel_), "other differences than those that the argument names")
    _hold(sum(lags) < model.panel_.lengths.min(), "differences are longer than the history")


# ---------------------------------------------------------------------- networks


def _config(estimator: Any, values: dict[str, Any]) -> Any:
    """The config of a network, each field of its type, and checked by its class."""
    chosen = getattr(estimator, "_config_type", None)
    kind = estimator._config if chosen is None else chosen(values)
    types = {item.name: str(item.type) for item in fields(kind)}
    _hold(values.keys() == types.keys(), "the config has other fields than its class")
    for name, value in values.items():
        _hold(same_type(value, types[name]), f"{name} of the config is not of the type {types[name]}")
    return kind.from_dict(values)


def _network_sizes(model: Any, config: Any, panel: Any, values: Values) -> dict[str, int]:
    """P, and T targets and F covariates of the network, which must be those of the history."""
    if panel is None:
        return {"P": config.size, "F": config.features}
    joint = panel.n_series if type(model).__name__ in JOINT and panel.n_series > 1 else 1
    targets, exog = (joint, joint * panel.n_exog) if joint > 1 else (panel.n_targets, panel.n_exog)
    embedded = _embedded(model, panel, values.get("levels_") or {})
    codes = len(values.get("levels_") or {})
    _hold(
        (config.targets, config.exog) == (targets, exog - codes),
        "the network has other columns than the history",
    )
    _hold(config.embedded == embedded, "the network has other categories than the history")
    return {"P": config.size, "T": targets, "F": exog}


def _embedded(model: Any, panel: Any, levels: dict[str, list[Any]]) -> tuple[tuple[int, int], ...]:
    """(categories, length of their vectors) of each column of codes and of the series, as a fit would have them."""
    categories = model._vectors() if "levels_" in MEMBERS[type(model).__name__] else {}
    _hold(levels.keys() == categories.keys(), "categories and their levels differ")
    found = []
    for name, units in categories.items():
        codes = panel.x[:, panel.layout.exog_names.index(name)]
        whole = (codes == np.round(codes)) & (codes >= -1) & (codes < len(levels[name]))
        _hold(whole.all(), f"a category of {name} is not known")
        found.append((len(levels[name]), units))
    if getattr(model, "embed_series", 0):
        found.append((panel.n_series, model.embed_series))
    return tuple(found)


def _check_network(model: Any, values: Values) -> None:
    flags, members = values.get("kept_linear_"), len(values["theta_"])
    _hold(flags is None or len(flags) == members, "kept_linear_ is not one for each member")
    if type(model).__name__ not in ON_SEQUENCES:
        scales = values["center_"].shape[0]
        _hold(scales in (1, model.panel_.n_series), "the scales are not those of the series")
        parts, share = model._parts(), values.get("ar_share_", 0.0)
        _hold(
            0 <= share <= 1 and ("AR" in parts) == (share > 0),
            "AR has no share in the forecasts, or a share of none",
        )
        for part in parts.values():
            _check_part(part.panel_, model.panel_)
            _hold(part.panel_.ids.isin(model.panel_.ids).all(), "a model inside has other series")


def _check_sequences(model: Any, values: Values, sizes: Sizes) -> None:
    config = model._config.from_dict(values["config_"])
    labels = type(model).__name__ == "SequenceLabeler"
    _hold(config.classes == sizes["K"], "the network has other classes")
    _hold((config.pooling is None) == labels, "the network answers another question")
    _hold(bool(config.categories) == bool(model.embedding), "the network reads other sequences")
    if config.categories:
        _hold(config.categories == sizes.get("V"), "the network has other symbols")
        _hold(config.features == 1, "a symbol is one column")
    else:
        _hold(values.get("center_") is not None and values.get("spread_") is not None, "the scale is missing")


def _check_online(model: Any) -> None:
    state, program, series = model.state_, model._program(), model.panel_.n_series
    wide = program.targets + model.panel_.n_exog
    _hold(state.past.shape == (series, program.window, wide), "the last rows are not those of a window")
    _hold(state.hidden.shape == (series, program.states), "the state is not that of the network")
    _hold(
        state.influence.shape == (series, *program.influence.shape),
        "the influence is not that of the network",
    )
    rows = (model.panel_.lengths - sum(model.differences_)).sum()
    _hold(len(state.forecasts) == rows, "the forecasts are not those of the history")
    _hold((model.moments_[1] >= 0).all() and model.steps_ >= 0, "moments are negative")


# ---------------------------------------------------------------------- baselines and chains


def _check_ar(model: Any, values: Values, sizes: Sizes) -> None:
    panel = model.panel_
    model._lags()  # refuses what `fit` would
    for lags in (values["lags_"], values["exog_lags_"]):
        _hold(
            (np.diff(lags) > 0).all() and max(lags, default=0) < panel.lengths.max(),
            "lags are longer than the history",
        )
    order = values["order_"]
    _hold(order.max() <= max(values["lags_"], default=0), "an order is above the lags")
    _hold((order < panel.lengths[:, None]).all(), "an order is above the rows of its series")
    _hold(sizes["X"] == panel.n_exog * sizes["K"], "covariates have other lags")
    _hold(sizes["C"] in (0, sizes["P"] * panel.n_targets), "other targets have other lags")


def _check_ensemble(model: Any, values: Values, sizes: Sizes) -> None:
    parts, panel = list(model.named_estimators_.values()), model.panel_
    for part in parts:
        _check_part(part.panel_, panel)
        _hold(part.panel_.n_series == panel.n_series, "a model has other series")
        _hold((part.panel_.lengths <= panel.lengths).all(), "a model has a longer history")
        _hold(_ends(part.panel_).equals(_ends(panel)), "a model has a history that ends elsewhere")
    weights = values["weights_"]
    _hold(
        (weights is None) == (model.combine in ("median", "mean")), "weights that were not learned, or none"
    )
    if weights is not None:
        _hold(model.combine == "weights" and sizes["M"] == len(parts), "a weight is not one of a model")
        _hold(np.isclose(weights.sum(), 1), "weights do not add up to 1")


def _ends(panel: Any) -> Any:
    """The last timestamp (S,) of each series."""
    return panel.timeline.stamps(np.arange(panel.n_series), panel.lengths - 1)


def _check_part(own: Any, panel: Any) -> None:
    """The history of a model inside another one."""
    columns = (panel.n_targets, panel.n_exog)
    _hold((own.n_targets, own.n_exog) == columns, "a model inside has another history")


def _check_season(model: Any, values: Values, sizes: Sizes) -> None:
    _hold(values["season_"] >= 1, "a season has no rows")


def _check_states(model: Any, values: Values, sizes: Sizes) -> None:
    _hold(sizes["M"] >= 3, "a season has no rows")


def _check_factors(model: Any, values: Values, sizes: Sizes) -> None:
    _hold(sizes["M"] >= 1, "a season has no rows")
    _hold((values["seasonal_"][values["multiplicative_"]] > 0).all(), "a factor is not positive")


def _check_regimes(model: Any, values: Values, sizes: Sizes) -> None:
    _hold(sizes["K"] == model.regimes and sizes["C"] == model.order + 2, "regimes or order differ")
    _hold(np.allclose(values["transition_"].sum(axis=-1), 1), "probabilities do not add up to 1")
    _hold((values["coefficients_"][..., -1] > 0).all(), "a deviation is not positive")


def _check_orders(model: Any, values: Values, sizes: Sizes) -> None:
    order, seasonal = model._orders(model.panel_)
    counts = np.isfinite(values["params_"]).sum(axis=-1)
    trend = ("n" if order[1] + seasonal[1] else "c") if model.trend is None else model.trend
    most = len(trend.replace("n", "")) + sizes["E"] + order[0] + order[2] + seasonal[0] + seasonal[2] + 1
    _hold(((counts == 0) | (counts == most)).all(), "a series has not all parameters")


def _check_chain(model: Any, values: Values, sizes: Sizes) -> None:
    contexts, count = values["contexts_"], sizes["V"]
    _hold(
        sizes["D"] == model.order and len(contexts) and (contexts < count).all(), "contexts are not symbols"
    )
    keys = np.ravel_multi_index(tuple(contexts.T), (count,) * model.order)
    _hold((np.diff(keys) > 0).all(), "contexts are not sorted")


_RELATIONS: dict[str, Callable[[Any, Values, Sizes], None]] = {
    "AR": _check_ar,
    "ETS": _check_states,
    "Ensemble": _check_ensemble,
    "MarkovChain": _check_chain,
    "MarkovSwitching": _check_regimes,
    "Naive2": _check_factors,
    "SARIMAX": _check_orders,
    "SeasonalNaive": _check_season,
    "SequenceClassifier": _check_sequences,
    "SequenceLabeler": _check_sequences,
    "Theta": _check_factors,
}
