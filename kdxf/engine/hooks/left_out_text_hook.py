"""Warns at the start of a training of text that the model will not see."""

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from kdxf.datasets.left_out_text import cropped_lines, long_documents
from kdxf.registry import HOOKS


@HOOKS.register_module()
class LeftOutTextHook(Hook):
    """Logs how many texts are longer than the training pipeline takes, and how many lines the test view crops away.

    It counts on 500 samples of each dataset at most, and warns where more than 5 % of the texts are cut or a fifth of
    the lines are lost.
    """

    def before_train(self, runner: Runner) -> None:
        """Count, and warn."""
        if not is_main_process():
            return
        messages = long_documents(runner.train_dataloader.dataset)
        if runner.val_loop is not None:
            messages += cropped_lines(runner.val_dataloader.dataset)
        for message in dict.fromkeys(messages):
            runner.logger.warning(message)
