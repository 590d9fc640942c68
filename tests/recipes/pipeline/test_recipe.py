import pytest

from kdxf.errors import UserError
from kdxf.recipes.pipeline import read_recipe


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


def test_values_name_those_before_them(place):
    (place / "r.py").write_text(
        "work = 'w'\ndata = 'data'\ntool = 't.py {data}'\nsmoke = dict(data='{work}/raw')\n"
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
        ("import nothing_of_this_name", "recipe r.py cannot be read: ModuleNotFoundError: No module named"),
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
            r"recipe r.py: the stage 'a' has 't.py \{images\}', whose 'images' has no value",
        ),
        (
            "work = 'w'\nstages = [dict(name='a', run='t.py {work.x}', outputs='w/x')]",
            r"recipe r.py: the stage 'a' has 't.py \{work.x\}', whose 'str' object has no attribute 'x' has no value",
        ),
        (
            f"work = 'w'\nsmoke = dict(wrok='v')\nstages = [{STAGE}]",
            r"recipe r.py: smoke names 'wrok', which the recipe does not use \(it has: work\)",
        ),
    ],
)
def test_what_is_wrong_with_it(place, text, message):
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
