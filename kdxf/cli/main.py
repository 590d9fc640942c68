"""The command ``kdxf``: ``kdxf fit``, ``predict``, ``serve``, and every tool by its name, such as ``kdxf data split``.

This module imports nothing heavy, so that ``kdxf --help`` answers at once; a tool loads what it needs.
"""

import ast
import difflib
import importlib
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError
from kdxf.io.shipped import shipped_folder
from kdxf.version import __version__

_OWN = {"fit": "kdxf.cli.fit", "predict": "kdxf.cli.predict", "serve": "kdxf.cli.serve"}
_WIDTH = 118
_FIRST = "From a folder to a model"
_TOOLS = "Single steps"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name, and exit with its status.

    Args:
        arguments: What follows ``kdxf``; by default that of the command line.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    run(lambda: _dispatch(words))


def _dispatch(words: list[str]) -> int | None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(__version__)
        return 0
    if words[0] in _OWN:
        command: Callable[[], int | None] = importlib.import_module(_OWN[words[0]]).main
        with _arguments(f"kdxf {words[0]}", words[1:]):
            return command()
    tools = list_tools()
    groups = sorted({name.partition(" ")[0] for name in tools if " " in name})
    if words[0] in groups and (len(words) == 1 or words[1] in ("-h", "--help")):
        print(overview(words[0]))
        return 0
    name = " ".join(words[: 2 if words[0] in groups else 1]).replace("-", "_")
    if name not in tools:
        close = difflib.get_close_matches(name, [*_OWN, *tools, *groups], 1)
        advice = f"did you mean 'kdxf {close[0]}'? " if close else ""
        raise UserError(f"kdxf {name}: there is no such command; {advice}'kdxf --help' lists all")
    with _arguments(f"kdxf {name}", words[1 + name.count(" ") :]):
        _run_script(tools[name])
    return 0


@contextmanager
def _arguments(program: str, words: Sequence[str]) -> Iterator[None]:
    """Set the command line that parsers read and that usage messages name."""
    before, sys.argv = sys.argv, [program, *words]
    try:
        yield
    finally:
        sys.argv = before


def _run_script(path: Path) -> None:
    """Run a script as Python does. A tool ends with ``SystemExit`` and its status.

    ``runpy`` would put its path into ``sys.argv[0]``. Processes that are spawned look for ``__main__`` and its file.
    """
    before, module = sys.modules["__main__"], types.ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = before


def list_tools() -> dict[str, Path]:
    """Return the files of the tools by name: ``train``, ``data split``, ...; single ones first."""
    folder = shipped_folder("tools")
    files = {" ".join(path.relative_to(folder).with_suffix("").parts): path for path in folder.rglob("*.py")}
    return {name: files[name] for name in sorted(files, key=lambda name: (name.count(" "), name))}


def overview(group: str | None = None) -> str:
    """Return the help: one line for each command, or for each of a group such as ``data``."""
    blocks = {_FIRST: {name: _summary_of_module(module) for name, module in _OWN.items()}}
    for name, path in list_tools().items():
        title = name.partition(" ")[0] if " " in name else _TOOLS
        blocks.setdefault(title, {})[name] = summary(path)
    shown = blocks if group is None else {group: blocks[group]}
    width = max(len(name) for block in shown.values() for name in block)
    lines = [] if group else ["usage: kdxf COMMAND [ARGUMENT ...]; 'kdxf COMMAND --help' explains one"]
    for title, block in shown.items():
        lines += ["", f"{title}:"]
        lines += [_clipped(f"  {name:<{width}}  {about}") for name, about in block.items()]
    return "\n".join(lines).lstrip("\n")


def summary(path: Path) -> str:
    """Return the first line of a script's docstring, without the command that may follow it."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].partition(": ``")[0].replace("``", "").rstrip(".")


def _summary_of_module(module: str) -> str:
    return summary(Path(__file__).with_name(f"{module.rpartition('.')[2]}.py"))


def _clipped(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 4].rsplit(' ', 1)[0]} ..."
