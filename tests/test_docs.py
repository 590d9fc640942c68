"""The pages of documentation: their links, the paths that they name, and the two languages side by side."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path.relative_to(REPO).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "data/README.md", "data/demo/README.md")
    for path in REPO.glob(pattern)
)
TRANSLATED = {"README.md": "README.zh-CN.md"} | {
    f"docs/{path.name}": f"docs/zh/{path.name}" for path in sorted((REPO / "docs" / "zh").glob("*.md"))
}
ENGLISH_ONLY = {"docs/benchmarks.md"}  # tables of figures
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:python (?:tools|benchmarks)/|tools/|make |pip |kdxf )")


def read(page: str) -> str:
    return (REPO / page).read_text(encoding="utf-8")


def commands(text: str) -> set[str]:
    """Return the command lines of the code blocks, continuation lines joined and comments left out."""
    text = re.sub(r"\\\n\s*", "", text)
    lines = [line for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL) for line in block.splitlines()]
    lines += [line for line in text.splitlines() if line.startswith("    ")]
    stripped = (re.sub(r"\s+#.*", "", line.strip()) for line in lines)
    return {line for line in stripped if COMMAND.match(line)}


def slugs(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_commands_are_found_in_both_forms_of_code_block():
    text = "make no\n\n    make demo    # comment\n    python tools/a.py \\\n        b\n\n"
    text += "```bash\nX=1 python tools/c.py\n```\n"
    assert commands(text) == {"make demo", "python tools/a.py b", "X=1 python tools/c.py"}


def test_every_guide_has_a_chinese_counterpart():
    guides = {path.relative_to(REPO).as_posix() for path in (REPO / "docs").glob("*.md")}
    assert guides == (set(TRANSLATED) | ENGLISH_ONLY) - {"README.md"}


@pytest.mark.parametrize("english", TRANSLATED)
def test_both_languages_name_the_same_commands(english):
    found = commands(read(english))
    assert found, f"{english} names no command"
    assert commands(read(TRANSLATED[english])) == found


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page):
    folder = (REPO / page).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = folder / target if target else REPO / page
        assert path.is_file(), f"{page} links to {link}, which does not exist"
        if anchor:
            assert anchor in slugs(path.read_text(encoding="utf-8")), f"{page} links to {link}: no such heading"


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_named_files_exist(page):
    named = re.findall(r"(?<![\w/.])(?:tools|configs|kdxf|benchmarks|projects|tests)/[\w/.-]+\.(?:py|sh)\b", read(page))
    yours = ("configs/mine/",)  # the reader's own
    missing = sorted({path for path in named if not path.startswith(yours) and not (REPO / path).is_file()})
    assert not missing, f"{page} names files that do not exist: {missing}"


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_readme_stays_short(page):
    assert len(read(page).splitlines()) <= 150


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_folder_map_is_complete(page):
    packages = {path.parent.name for path in (REPO / "kdxf").glob("*/__init__.py")}
    assert packages == set(re.findall(r"^\| `kdxf/(\w+)/`", read(page), flags=re.MULTILINE))
