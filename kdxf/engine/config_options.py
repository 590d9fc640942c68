"""Settings given on the command line (``--cfg-options``) while the config file is evaluated.

A file computes much from variables: ``dict(batch_size=batch_size)``, ``max_epochs // 4``, ``_base_.image_size``. A
variable that is replaced when the file has been read changes nothing. So each assignment of a variable is followed, in
the parsed code of whatever file of a config's chain has it, by one that sets the new value; the rest of the file, and
the files that name it in ``_base_``, are then evaluated with that.

What a run reads itself (:data:`SETTINGS`), such as ``train_dataloader``, is replaced in the finished config instead:
``val_dataloader=None`` must not do the same to ``test_dataloader = val_dataloader``.
"""

import ast
import copy
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mmengine.config import Config
from mmengine.config import config as host
from mmengine.fileio import load
from mmengine.runner import Runner

# What mmengine's Runner takes or looks up in its config, and what kdxf's tools do.
SETTINGS = frozenset(inspect.signature(Runner).parameters) - {"cfg"} | {
    *("activation_checkpointing", "compile", "custom_imports", "efficient_conv_bn_eval", "find_unused_parameters"),
    *("model_wrapper_cfg", "ocr_engine", "runner_type", "stages", "sync_bn", "tta_model", "tta_pipeline"),
}

_given: ContextVar[Mapping[str, Any]] = ContextVar("given", default={})  # noqa: B039  (never changed)


@contextmanager
def evaluating_with(options: Mapping[str, Any]) -> Iterator[None]:
    """Evaluate the config files that are read within the block with other values of their variables.

    Args:
        options: Dotted keys and values. One such as ``tokenizer.type`` replaces a part of a variable.
    """
    token = _given.set(nested(options))
    try:
        yield
    finally:
        _given.reset(token)


def nested(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{'a': {'b': 1}}`` for ``{'a.b': 1}``."""
    tree: dict[str, Any] = {}
    for key, value in options.items():
        *parents, last = key.split(".")
        node = tree
        for parent in parents:
            child = node.get(parent)
            node[parent] = node = dict(child) if isinstance(child, Mapping) else {}
        node[last] = value
    return tree


def given_value(name: str, value: Any) -> Any:
    """Return the value that a variable gets, instead of the one that a file has just assigned to it.

    Args:
        name: The variable.
        value: Its value in the file.
    """
    given = _given.get()
    if name not in given or (name in SETTINGS and isinstance(value, (dict, list, tuple))):
        return value
    new = copy.deepcopy(given[name])
    if not isinstance(new, dict):
        return new
    try:
        return Config._merge_a_into_b({name: new}, {name: value}, allow_list_keys=True)[name]
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        return value  # what does not fit the finished config either is reported there


class _SetsGivenValues(ast.NodeTransformer):
    """Adds ``name = given_value('name', name)`` after each assignment of a name for which there is a value.

    ``__import__`` is there in every file, and mmengine keeps no name that begins with two underscores.
    """

    def _followed(self, node: Any) -> list[ast.stmt]:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        stored = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        names = [part.id for part in stored if isinstance(part.ctx, ast.Store) and part.id in _given.get()]
        added = [
            ast.parse(
                f"{name} = __import__({__name__!r}, fromlist=['given_value']).given_value({name!r}, {name})"
            ).body[0]
            for name in names
        ]
        for statement in added:
            for part in ast.walk(statement):
                ast.copy_location(part, node)
        return [node, *added]

    visit_Assign = visit_AnnAssign = visit_AugAssign = _followed  # noqa: N815  (named after the nodes)

    def _left_alone(self, node: ast.AST) -> ast.AST:
        return node  # its variables are its own

    visit_FunctionDef = visit_ClassDef = visit_Lambda = _left_alone  # noqa: N815


class RemoveAssignFromAST(host.RemoveAssignFromAST):
    """mmengine's last pass over the code of a file before it runs; it also sets the given values."""

    def visit(self, node: ast.AST) -> Any:
        """Change the code; mmengine calls this with the whole module."""
        return super().visit(_SetsGivenValues().visit(node) if isinstance(node, ast.Module) else node)


class ImportTransformer(host.ImportTransformer):
    """The same pass over the code of a config that imports its components."""

    def visit(self, node: ast.AST) -> Any:
        """Change the code; mmengine calls this with the whole module."""
        return super().visit(_SetsGivenValues().visit(node) if isinstance(node, ast.Module) else node)


def load_data(file: Any, *args: Any, **kwargs: Any) -> Any:
    """Load a YAML or JSON file with the given values of its variables, for ``{{_base_.name}}`` in other files."""
    content = load(file, *args, **kwargs)
    return {key: given_value(key, value) for key, value in content.items()} if isinstance(content, dict) else content


def install_config_options() -> None:
    """Have mmengine read config files as this module describes. Without :func:`evaluating_with` nothing changes."""
    host.RemoveAssignFromAST = RemoveAssignFromAST  # type: ignore[misc]
    host.ImportTransformer = ImportTransformer  # type: ignore[misc]
    host.load = load_data
