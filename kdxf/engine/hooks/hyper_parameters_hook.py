"""Puts a run's settings next to its scores in TensorBoard."""

from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization import TensorboardVisBackend

from kdxf.registry import HOOKS

_FIELDS = ("optim_wrapper", "train_dataloader.batch_size", "train_cfg", "randomness", "model", "param_scheduler")


@HOOKS.register_module()
class HyperParametersHook(Hook):
    """At the end of training, writes one row of TensorBoard's "HParams" page: settings and last validation scores.

    The runs below one folder are then compared in one table (``tensorboard --logdir work_dirs``). Without a
    ``TensorboardVisBackend`` in the visualizer it does nothing.

    Args:
        fields: Dotted keys of the config; each value below them gets a column.
    """

    priority = "LOW"

    def __init__(self, fields: tuple[str, ...] = _FIELDS) -> None:
        self.fields = fields

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write the settings and the last validation scores; of several processes, the main one does."""
        from torch.utils.tensorboard.summary import hparams

        settings: dict[str, Any] = {}
        for field in self.fields:
            settings.update(_flatten(field, _value_at(field, runner.cfg)))
        scores = {
            name: float(values.current())
            for name, values in runner.message_hub.log_scalars.items()
            if name.startswith("val/") and not name.endswith("time")
        }
        for backend in runner.visualizer._vis_backends.values():
            if isinstance(backend, TensorboardVisBackend):
                for summary in hparams(settings, scores):
                    backend.experiment.file_writer.add_summary(summary)
                for name, score in scores.items():
                    backend.experiment.add_scalar(name, score)


def _value_at(field: str, config: Any) -> Any:
    for key in field.split("."):
        config = (config or {}).get(key)
    return config


def _flatten(name: str, value: Any) -> dict[str, bool | int | float | str]:
    """Return ``{'a.b': 1}`` for ``a = {'b': 1}``; lists become text, None is left out."""
    if isinstance(value, dict):
        return {key: item for part, inner in value.items() for key, item in _flatten(f"{name}.{part}", inner).items()}
    if value is None:
        return {}
    return {name: value if isinstance(value, (bool, int, float, str)) else str(value)}
