"""Fits the weights that a run starts from into its model."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner

from kdxf.engine.checkpoint import classes_of
from kdxf.engine.class_checks import check_names, check_number_of_classes, class_names
from kdxf.engine.fit_weights import Fit, fit_weights
from kdxf.errors import UserError
from kdxf.registry import HOOKS

_BATCH_COUNTER = "num_batches_tracked"


@HOOKS.register_module()
class LoadedWeightsHook(Hook):
    """Loads from ``load_from`` the weights that fit, and logs in one line which do not.

    Weights of another shape, such as a head's for another number of classes, keep their initial values; where the
    class names of both data sets are known, the rows of the classes that are in both are carried over. In a
    resumed run and in a test all weights must fit.

    Args:
        strict: All weights must fit, as in a test.
    """

    # Before the hooks that copy the weights (EMAHook).
    priority = "VERY_HIGH"

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Fit the weights of a checkpoint into the model.

        Raises:
            UserError: No weight fits, or, where all have to, one does not or the data name the classes differently.
        """
        if "state_dict" not in checkpoint:  # bare weights
            weights = dict(checkpoint)
            checkpoint.clear()
            checkpoint.update(state_dict=weights, meta={})
        old = classes_of(checkpoint.get("meta") or {})
        if self.strict or runner._resume:
            loader = "test_dataloader" if self.strict else "train_dataloader"
            dataset = getattr(runner, loader).dataset
            check_names(old, class_names(dataset), f"checkpoint {runner._load_from}", loader)
            check_number_of_classes(_unwrapped(runner.model), dataset, loader, more=True)
            fit = fit_weights(_unwrapped(runner.model), dict(checkpoint["state_dict"]))
            _check_whole(fit, str(runner._load_from))
            return
        new = class_names(runner.train_dataloader.dataset)
        first = next(iter(checkpoint["state_dict"]), "none")
        fit = fit_weights(_unwrapped(runner.model), checkpoint["state_dict"], old, new)
        if not any(name.rpartition(".")[2] != _BATCH_COUNTER for name in fit.carried):
            raise UserError(
                f"load_from {runner._load_from}: none of its weights (first: {first}) fits the config's model (first: "
                f"{(fit.left or ['none'])[0]}); it belongs to another model"
            )
        runner.logger.info(f"load_from {runner._load_from}: {fit}")


def _check_whole(fit: Fit, path: str) -> None:
    missing = [name for name in fit.missing if not name.endswith(_BATCH_COUNTER)]
    if fit.wrong_shape:
        reason = "size mismatch for {}: {}".format(*next(iter(fit.wrong_shape.items())))
    elif missing:
        reason = f"{len(missing)} weights are missing from it (first: {missing[0]})"
    else:
        return
    raise UserError(
        f"checkpoint {path} does not fit the config's model: {reason}; give the config that it was trained with, or "
        "train from what fits with load_from"
    )


def _unwrapped(model: Any) -> Any:
    return model.module if is_model_wrapper(model) or isinstance(model, BaseTTAModel) else model
