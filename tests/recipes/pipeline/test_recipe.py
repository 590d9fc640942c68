import re
from pathlib import Path

import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline import read_recipe
from kdxf.recipes.pipeline.recipe import EXAMPLE, Stage, fill, filled, read_stage, replaced


def test_values_name_those_before_them():
    values = {"work": "w", "folds": 5, "lists": "{work}/lists", "train": "{lists}/{folds}.csv"}
    assert filled(values, "recipe r.py") == {"work": "w", "folds": 5, "lists": "w/lists", "train": "w/lists/5.csv"}
    with pytest.raises(UserError, match=r"^recipe r.py: the value 'a' has '\{b\}', whose 'b' has no value$"):
        filled({"a": "{b}", "b": "x"}, "recipe r.py")


def test_new_ones_keep_their_places():
    values = {"a": 1, "b": 2, "c": 3}
    assert list(replaced(values, {"b": 4}, "recipe r.py", "smoke").items()) == [("a", 1), ("b", 4), ("c", 3)]
    with pytest.raises(
        UserError, match=r"^recipe r.py: smoke names 'd', which the recipe does not use \(it has: a, b, c\)$"
    ):
        replaced(values, {"d": 4}, "recipe r.py", "smoke")


@pytest.mark.parametrize("text", ["{b}", "{}", "{a.x}", "{a[0]}", "{a", "{a:d}"])
def test_braces_that_stand_for_nothing(text):
    assert fill("{a} {{b}}", {"a": "x"}, "stage 1") == "x {b}"
    with pytest.raises(UserError, match="^stage 1 has .*, whose .* has no value$"):
        fill(text, {"a": object()}, "stage 1")


RIGHT = {"name": "a", "run": "t.py", "outputs": "w/x"}


def read(written):
    return read_stage(written, 2, Path("w"), {"raw": "", "none": []}, "recipe r.py")


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
        ({**RIGHT, "run": "{none}"}, "recipe r.py: the stage 'a' has an empty command"),
        (
            {**RIGHT, "run": "t.py x={none}"},
            "recipe r.py: the stage 'a' has 'x={none}'; {none} is a list of words, which must stand alone as a word",
        ),
    ],
)
def test_what_is_wrong_with_it(written, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        read(written)


ODD = [
    "my photos",
    "a'b",
    'a"b',
    "$(touch ran)",
    "`touch ran`",
    "x); touch ran",
    "a\\b",
    "a;b&c|d>e",
    "#x",
    "~",
    "",
    "\n",
]


@pytest.mark.parametrize("value", ODD)
def test_a_value_is_one_word_of_a_command(value, place):
    (place / "r.yaml").write_text(
        "data: ''\nwork: w\nlist: ['{data}', 'l={data}']\n"
        "stages: [{name: a, run: \"t.py {data} x={data}/y '{data} z' {list}\", outputs: '{work}/a'}]\n"
    )
    (stage,) = read_recipe("r.yaml", values={"data": value}).stages
    assert stage.commands == (("t.py", value, f"x={value}/y", f"{value} z", value, f"l={value}"),)


def test_a_list_is_many_words(place):
    (place / "r.py").write_text(
        "work = 'w'\nmore = ['b c', '{work}/d']\noptions = ['a', '{more}']\nnone = []\nsmoke = dict(more=[])\n"
        "stages = [dict(name='a', run='t.py {none} {options} e', outputs='{work}/x')]"
    )
    assert read_recipe("r.py").stages[0].commands == (("t.py", "a", "b c", "w/d", "e"),)
    assert read_recipe("r.py", smoke=True).stages[0].commands == (("t.py", "a", "e"),)
    given = read_recipe("r.py", values={"more": "f 'g h'", "none": ""})  # a text in its place is cut as in a shell
    assert given.stages[0].commands == (("t.py", "a", "f", "g h", "e"),)
    with pytest.raises(UserError, match=r"^recipe r.py: --set more has the command \"f 'g\": No closing quotation$"):
        read_recipe("r.py", values={"more": "f 'g"})


def test_values_take_their_places(place):
    recipe = read_recipe("recipe.py")
    one, two, both = recipe.stages
    assert one.commands == (("join.py", "work/1.txt", "data/a.txt"),)
    assert one.inputs == ("data/a.txt",) and two.outputs == ("work/2.txt",) and len(both.commands) == 2
    assert read_recipe("recipe.py", smoke=True).stages[0].outputs == ("work/small/1.txt",)
    changed = read_recipe("recipe.py", smoke=True, values={"work": "w", "data": "mine"})
    assert changed.stages[0].outputs == ("w/1.txt",) and str(changed.work) == "w"
    assert changed.stages[0].inputs == ("mine/a.txt",)


def test_yaml(place):
    (place / "r.yaml").write_text(
        "work: w\nstages:\n  - {name: one, run: 'join.py \"{work}/a b\" x', outputs: '{work}/a b'}\n"
    )
    (stage,) = read_recipe("r.yaml").stages
    assert stage.commands == (("join.py", "w/a b", "x"),) and stage.inputs == ()


def test_a_yaml_recipe_runs_nothing_when_it_is_read(place):
    run = "!!python/object/apply:os.system ['touch ran']"
    (place / "r.yaml").write_text(f"work: w\nstages:\n  - {{name: {run}, run: join.py, outputs: '{{work}}/a'}}\n")
    with pytest.raises(UserError) as raised:
        read_recipe("r.yaml")
    assert not (place / "ran").exists()
    assert str(raised.value) == (
        f"recipe r.yaml cannot be loaded: {place}/r.yaml, line 3: the tag !!python/object/apply:os.system is refused, "
        "as a YAML file is data and may run nothing; write the value itself, or a Python config"
    )


def test_values_name_those_before_them_of_recipe(place):
    (place / "r.py").write_text(
        "work = 'w'\ndata = 'data'\ntool = ['t.py', '{data}']\nsmoke = dict(data='{work}/raw')\n"
        "stages = [dict(name='a', run='{tool} {{image}}', outputs='{work}/x')]"
    )
    assert read_recipe("r.py").stages[0].commands == (("t.py", "data", "{image}"),)
    small = read_recipe("r.py", smoke=True, values={"work": "v"})
    assert small.stages[0].commands == (("t.py", "v/raw", "{image}"),)
    assert read_recipe("r.py", values={"tool": "u.py {work}"}).stages[0].commands == (("u.py", "w", "{image}"),)


STAGE = "dict(name='a', run='t.py', outputs='w/x')"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("work = 'w'\nstages = []", r"recipe r.py: it needs stages = \[...\] and work = 'FOLDER'"),
        (f"stages = [{STAGE}]", "recipe r.py: it needs stages"),
        ("import nothing_of_this_name", "recipe r.py cannot be loaded: line 1: ModuleNotFoundError: No module named"),
        ("work = 'w'\nstages = 'x'", r"recipe r.py: stages is 'x'; write stages = \[dict\(name='train', run="),
        ("work = 'w'\nstages = ['a']", r"recipe r.py: stage 1 is 'a'; write dict\(name='train', run="),
        (f"work = 'w'\nstages = [{STAGE}, dict(name=1)]", "recipe r.py: stage 2 has name = 1; write a text, such as"),
        (f"work = 3\nstages = [{STAGE}]", "recipe r.py: work is 3; write work = 'FOLDER'"),
        (f"work = ''\nstages = [{STAGE}]", "recipe r.py: work is ''; write work = 'FOLDER'"),
        (
            f"work = 'w'\nsmoke = 'yes'\nstages = [{STAGE}]",
            r"recipe r.py: smoke is 'yes'; write smoke = dict\(work='FOLDER', ...\)",
        ),
        (f"work = 'w'\nsmoke = dict(work=3)\nstages = [{STAGE}]", "recipe r.py: work is 3; write work = 'FOLDER'"),
        (f"work = 'w'\nstages = [{STAGE}, {STAGE}]", "recipe r.py: two stages are called 'a'"),
        (
            f"data = '{{work}}/x'\nwork = 'w'\nstages = [{STAGE}]",
            r"recipe r.py: the value 'data' has '\{work\}/x', whose 'work' has no value",
        ),
        (
            "work = 'w'\nstages = [dict(name='a', run='t.py {images}', outputs='w/x')]",
            r"recipe r.py: the stage 'a' has '\{images\}', whose 'images' has no value",
        ),
        (
            "work = 'w'\nstages = [dict(name='a', run='t.py {work.x}', outputs='w/x')]",
            r"recipe r.py: the stage 'a' has '\{work.x\}', whose 'str' object has no attribute 'x' has no value",
        ),
        (
            f"work = 'w'\nsmoke = dict(wrok='v')\nstages = [{STAGE}]",
            r"recipe r.py: smoke names 'wrok', which the recipe does not use \(it has: work\)",
        ),
    ],
)
def test_what_is_wrong_with_it_of_recipe(place, text, message):
    (place / "r.py").write_text(text)
    with pytest.raises(UserError, match=message):
        read_recipe("r.py", smoke="smoke" in text)


def test_missing_file_and_unknown_values(place):
    with pytest.raises(UserError, match=r"recipe no.py does not exist; give a file such as configs/recipes"):
        read_recipe("no.py")
    with pytest.raises(UserError, match=r"recipe recipe.py: --set names 'out', which the recipe does not use"):
        read_recipe("recipe.py", values={"out": "x"})
    (place / "r.py").write_text(f"work = 'w'\nstages = [{STAGE}]")
    with pytest.raises(UserError, match=r"recipe r.py has no smoke = dict\(...\) for a small trial"):
        read_recipe("r.py", smoke=True)
