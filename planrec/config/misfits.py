"""Parts of a configuration that do not fit together, each with the override that mends it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from planrec.commands.advice import typed
from planrec.contracts import BlendModel, Model
from planrec.metrics import METRICS
from planrec.wording import did_you_mean

if TYPE_CHECKING:
    from planrec.config.run_config import RunConfig

Misfit = tuple[bool, Callable[[], str]]
"Whether parts do not fit together, and the message with the override that mends it."


def misfits_of(config: "RunConfig") -> list[Misfit]:
    """List the parts that do not fit together, each with the override that mends it."""
    return [
        *_data_misfits(config),
        *_bill_misfits(config),
        *_calibration_misfits(config),
        *_search_misfits(config),
        *_fairness_misfits(config),
    ]


def _models(config: "RunConfig") -> Mapping[str, Model]:
    """Return every model of the run, by its name in messages."""
    members: Mapping[str, Model] = config.model.blend if isinstance(config.model, BlendModel) else {}
    return (
        {f"model={config.model.kind}": config.model}
        | {f"baseline {name}": model for name, model in config.baselines.items()}
        | {f"member {name}": model for name, model in members.items()}
    )


def _data_misfits(config: "RunConfig") -> list[Misfit]:
    """List the parts that need more than the data and the catalogue provide."""
    data = config.data.kind
    needs_catalogue = {
        f"target={config.target.kind}": config.target.needs_catalogue,
        f"data={data}": config.data.needs_catalogue,
        f"features={config.features.kind}": config.features.needs_catalogue,
        **{name: model.traits.needs_catalogue for name, model in _models(config).items()},
    }
    priced = [name for name, needs in needs_catalogue.items() if needs]
    return [
        (
            config.target.needs_history and config.data.gives != "history",
            lambda: (
                f"target={config.target.kind} needs a usage history and data={data} gives single rows:"
                f" type {typed(target='held')}, or {typed(data='simulator')}"
            ),
        ),
        (
            config.target.needs_choices and config.data.gives != "choices",
            lambda: (
                f"target={config.target.kind} needs menus and data={data} names none: type"
                f" {typed(data='choice_table')}, or {typed(target='held')}"
            ),
        ),
        (
            bool(priced) and config.catalogue.open() is None,
            lambda: (
                f"{', '.join(priced)} need{'s' if len(priced) == 1 else ''} a plan catalogue: type"
                f" {typed(catalogue='ladder')}, or your own with"
                f" {typed({'catalogue.path': 'FILE'}, catalogue='file')}"
            ),
        ),
        (
            config.features.needs_usage and not config.data.has_usage,
            lambda: (
                f"features={config.features.kind} needs monthly usage and data={data} names none: type"
                f" {typed(features='table')}, or name the columns with"
                f" {typed({'data.usage_columns': {'data_mib': 'COLUMN'}})}"
            ),
        ),
        (
            config.cv.needs_time and not config.data.has_time,
            lambda: (
                f"cv={config.cv.kind} needs a time for every row and data={data} names none: type"
                f" {typed(cv='grouped' if config.cv.inner_splitter is None else 'nested_grouped')},"
                f" or {typed({'data.time_column': 'COLUMN'})}"
            ),
        ),
    ]


def _bill_misfits(config: "RunConfig") -> list[Misfit]:
    """List the parts that need bills or months that the target does not provide."""
    gives_none = not config.target.needs_catalogue
    money = [name for name in config.metrics if METRICS[name].needs_bills]
    correcting = [name for name, model in _models(config).items() if model.traits.needs_bills]
    return [
        (
            config.policy.needs_bills and gives_none,
            lambda: (
                f"policy={config.policy.kind} needs bills and target={config.target.kind} gives none:"
                f" type {typed(policy='most_probable')}, or {typed(target='best_bill')}"
            ),
        ),
        (
            config.policy.needs_months > config.target.window,
            lambda: (
                f"policy={config.policy.kind} abstains below {config.policy.needs_months} months and a"
                f" decision looks at {config.target.window}:"
                f" type {typed({'policy.min_months': config.target.window})}, or a longer target.window"
            ),
        ),
        (
            bool(money) and gives_none,
            lambda: (
                f"metrics {', '.join(money)} need bills and target={config.target.kind} gives none:"
                f" leave them out, or type {typed(target='best_bill')}"
            ),
        ),
        (
            bool(correcting) and gives_none,
            lambda: (
                f"{', '.join(correcting)} learn{'s' if len(correcting) == 1 else ''} bills to come and"
                f" target={config.target.kind} gives none: type {typed(target='best_bill')}"
            ),
        ),
        (
            config.features.reads_held and gives_none,
            lambda: (
                f"features={config.features.kind} reads the plan held, which target={config.target.kind}"
                f" learns: type {typed(features='usage')}, or {typed(target='best_bill')}"
            ),
        ),
    ]


def _calibration_misfits(config: "RunConfig") -> list[Misfit]:
    """List the reasons why the probabilities cannot be calibrated."""
    is_asked, asked = config.calibration.cross_fit_folds > 0, f"calibration={config.calibration.kind}"
    return [
        (
            is_asked and not config.model.traits.probabilistic,
            lambda: (
                f"{asked} needs probabilities and model={config.model.kind} is a rule that names one plan:"
                f" type {typed(calibration='none')}"
            ),
        ),
        (
            is_asked and not config.model.traits.takes_calibration,
            lambda: (
                f"{asked} does not change the decisions of model={config.model.kind}:"
                f" type {typed(calibration='none')}"
            ),
        ),
    ]


def _fairness_misfits(config: "RunConfig") -> list[Misfit]:
    """List the problems of gates and protected columns."""
    column, protected = config.fairness.reweigh_by, tuple(config.data.protected_columns)
    unmeasured = [name for name in config.gates if name not in config.metrics]
    return [
        (
            bool(unmeasured),
            lambda: (
                f"gates {', '.join(unmeasured)} must be among the metrics:"
                f" type {typed(metrics=[*config.metrics, *unmeasured])}"
            ),
        ),
        (
            column is not None and column not in protected,
            lambda: (
                f"fairness.reweigh_by must be a protected column{did_you_mean(str(column), protected)};"
                f" data.protected_columns has {', '.join(protected) or 'none'}"
            ),
        ),
        (
            column is not None and not config.model.takes_weights,
            lambda: (
                f"fairness.reweigh_by weighs rows and model={config.model.kind} takes no weights:"
                f" type {typed(model='lgbm')}, or another that does"
            ),
        ),
    ]


def _search_misfits(config: "RunConfig") -> list[Misfit]:
    """List the problems of tuning a model inside a run."""
    search, model, cv, inner = config.search, config.model, config.cv, config.cv.inner_splitter
    if search is None:
        return [
            (
                inner is not None,
                lambda: (
                    f"cv={cv.kind} tunes inside folds and needs a search: type {typed(search=model.kind)}"
                    " (conf/search/ has one for each model that can be tuned)"
                ),
            )
        ]
    metric = METRICS[config.metrics[0]]
    return [
        (
            inner is not None and cv.keeps_subscribers_whole and not inner.keeps_subscribers_whole,
            lambda: (
                f"cv={cv.kind} keeps subscribers whole outside and not inside:"
                f" type {typed({'cv.inner.kind': 'grouped'})}"
            ),
        ),
        (
            search.model != model.kind,
            lambda: (
                f"search of model={search.model} does not fit model={model.kind}: type"
                f" {typed(model=search.model)}, or {typed(search=model.kind)}"
            ),
        ),
        *((search.model == model.kind, partial(str, problem)) for problem in search.misfits(model)),
        (
            metric.groups is not None or metric.higher_is_better is None,
            lambda: (
                f"metrics must begin with one value that is better high or low, for the search to compare:"
                f" {config.metrics[0]} is not"
            ),
        ),
        (
            metric.needs_probability and not model.traits.probabilistic,
            lambda: (
                f"metrics must begin with one that fits a rule like model={model.kind}, for the search to"
                f" compare: {config.metrics[0]} needs probabilities"
            ),
        ),
    ]
