"""The command ``kdxf``: ``kdxf fit``, ``kdxf predict``, and every tool by its name, such as ``kdxf data split``.

This module imports nothing heavy, so that ``kdxf --help`` answers at once; a tool loads what it needs.
"""

import ast
import difflib
import importlib
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kdxf.cli.command import run
from kdxf.errors import UserError
from kdxf.io.shipped import shipped_folder
from kdxf.version import __version__

_OWN = {"fit": "kdxf.cli.fit", "predict": "kdxf.cli.predict"}
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
        sys.argv = [f"kdxf {words[0]}", *words[1:]]
        command: Callable[[], int | None] = importlib.import_module(_OWN[words[0]]).main
        return command()
    tools = list_tools()
    groups = sorted({name.partition(" ")[0] for name in tools if " " in name})
    if words[0] in groups and (len(words) == 1 or words[1] in ("-h", "--help")):
        print(overview(words[0]))
        return 0
    name = f"{words[0]} {words[1].replace('-', '_')}" if words[0] in groups else words[0]
    if name not in tools:
        close = difflib.get_close_matches(name, [*_OWN, *tools, *groups], 1)
        advice = f"did you mean 'kdxf {close[0]}'? " if close else ""
        raise UserError(f"kdxf {name}: there is no such command; {advice}'kdxf --help' lists all")
    sys.argv = [f"kdxf {name}", *words[1 + name.count(" ") :]]
    runpy.run_path(str(tools[name]), run_name="__main__")  # ends in SystemExit, with the status of the tool
    return 0


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
