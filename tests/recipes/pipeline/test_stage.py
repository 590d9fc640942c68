import re
from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline.stage import EXAMPLE, Stage, read_stage

RIGHT = {"name": "a", "run": "t.py", "outputs": "w/x"}


def read(written):
    return read_stage(written, 2, Path("w"), lambda text, where: text.replace("{raw}", ""), "recipe r.py")


def test_one_or_several():
    assert read(RIGHT) == Stage("a", (("t.py",),), (), ("w/x",))
    several = {"name": "a b", "run": ["t.py 'x y'", "cp x y"], "inputs": ["in", "in2"], "outputs": ["w/x", "w/y/z"]}
    commands = (("t.py", "x y"), ("cp", "x", "y"))
    assert read(several) == Stage("a b", commands, ("in", "in2"), ("w/x", "w/y/z"))


def test_empty_inputs_are_left_out():
    assert read({**RIGHT, "inputs": ["{raw}", "in"]}).inputs == ("in",) and read({**RIGHT, "inputs": ""}).inputs == ()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("a", f"recipe r.py: stage 2 is 'a'; write {EXAMPLE}"),
        ({**RIGHT, "name": 1}, "recipe r.py: stage 2 has name = 1; write a text, such as name='train'"),
        ({"run": "t.py", "outputs": "w/x"}, f"recipe r.py: stage 2 needs name, run and outputs, as in {EXAMPLE}"),
        ({"name": "a", "run": "t.py"}, "recipe r.py: the stage 'a' needs name, run and outputs, as in dict("),
        ({**RIGHT, "run": 3}, "recipe r.py: the stage 'a' has run = 3; write a command or a list of commands, as in d"),
        ({**RIGHT, "run": ["t.py", 3]}, "recipe r.py: the stage 'a' has run = ['t.py', 3]; write a command or a list"),
        ({**RIGHT, "run": []}, "recipe r.py: the stage 'a' needs name, run and outputs"),
        (
            {**RIGHT, "inputs": 3},
            "recipe r.py: the stage 'a' has inputs = 3; write a path or a list of paths, as in di",
        ),
        ({**RIGHT, "inputs": None}, "recipe r.py: the stage 'a' has inputs = None; write a path or a list of paths"),
        ({**RIGHT, "outputs": 3}, "recipe r.py: the stage 'a' has outputs = 3; write a path or a list of paths, as in"),
        ({**RIGHT, "outputs": {"w/x": 1}}, "recipe r.py: the stage 'a' has outputs = {'w/x': 1}; write a path or a"),
        ({**RIGHT, "output": "w/x"}, "recipe r.py: the stage 'a' has unknown keys: output"),
        ({**RIGHT, 1: "w/x"}, "recipe r.py: the stage 'a' has unknown keys: 1"),
        ({**RIGHT, "name": "a/b"}, "recipe r.py: the stage 'a/b' has a slash in its name, which names its log file"),
        ({**RIGHT, "outputs": "x/y"}, "recipe r.py: the stage 'a' writes x/y, which is not below work = w"),
        ({**RIGHT, "outputs": "w"}, "recipe r.py: the stage 'a' writes w, which is not below work = w"),
        ({**RIGHT, "outputs": "w/../x"}, "recipe r.py: the stage 'a' writes w/../x, which is not below work = w"),
        ({**RIGHT, "run": 't.py "x'}, "recipe r.py: the stage 'a' has the command 't.py \"x': No closing quotation"),
        ({**RIGHT, "run": ["t.py", ""]}, "recipe r.py: the stage 'a' has an empty command"),
    ],
)
def test_what_is_wrong_with_it(written, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        read(written)


@pytest.mark.parametrize("path", ["my photos/train", "a/my file.txt"])
def test_paths_with_spaces(path):
    quoted = "t.py '--root=my photos' 'a/my file.txt'"
    assert read({**RIGHT, "run": [quoted, "cp x y"], "inputs": path}).inputs == (path,)
    spaced = path.replace("/train", "")
    message = (
        f"recipe r.py: the stage 'a' has the command 'x.py {spaced}', which is cut at the space in {spaced!r}; put "
        "quotes around the value in the recipe, or give the folder or file a name without spaces, or a link of such a "
        "name"
    )
    with pytest.raises(UserError, match=re.escape(message)):
        read({**RIGHT, "run": [quoted, f"x.py {spaced}"], "inputs": path})
