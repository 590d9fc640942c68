"""MkDocs hooks: the pages of the site, at the paths that they have in the repository.

The guides link to each other, to configs and to data/README.md by relative paths. Every page keeps its repository path
in the site, so these links work unchanged and MkDocs checks them. Files that a page links to are added as they are. API
pages are made from the packages on disk, one per package, so that no list of modules can go stale.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

REPO = Path(__file__).resolve().parents[2]
API = "api"
GUIDES = ["own-data", "text", "training", "recipes", "data-tools", "ship", "scale", "trust"]
PAGES = {  # section -> pages of the repository
    "Guides": [f"docs/{name}.md" for name in GUIDES] + ["docs/benchmarks.md"],
    "中文": ["README.zh-CN.md"] + [f"docs/zh/{name}.md" for name in GUIDES],
    "Data": ["data/README.md", "data/demo/README.md"],
    "Project": ["CONTRIBUTING.md", "CHANGELOG.md"],
}


def on_config(config: Any) -> Any:
    """Set the navigation: README, the guides, the API pages."""
    sections: list[Any] = [{"Home": "README.md"}]
    sections += [{section: list(pages)} for section, pages in PAGES.items()]
    sections.insert(2, {"API": [{name: _api_path(name)} for name in packages()]})
    config["nav"] = sections
    return config


def on_files(files: Files, config: Any) -> Files:
    """Replace the files of docs_dir, which holds only these hooks, by the pages of the repository."""
    for file in list(files.documentation_pages()) + [file for file in files if file.src_uri.endswith(".py")]:
        files.remove(file)
    pages = ["README.md", *(page for section in PAGES.values() for page in section)]
    for page in pages:
        text = (REPO / page).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_fenced(text)))
        for link in re.findall(r"\]\(([^)#\s]+)", text):
            target = (REPO / page).parent / link
            uri = target.resolve().relative_to(REPO).as_posix() if "://" not in link and target.is_file() else ""
            if uri and uri not in pages and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, abs_src_path=str(REPO / uri)))
    for name in packages():
        files.append(File.generated(config, _api_path(name), content=api_page(name)))
    return files


def packages() -> list[str]:
    """Return the dotted names of kdxf and kdxf_runtime and of all packages in them."""
    inits = [path for name in ("kdxf", "kdxf_runtime") for path in (REPO / name).rglob("__init__.py")]
    return sorted(".".join(path.parent.relative_to(REPO).parts) for path in inits)


def api_page(package: str) -> str:
    """Return the Markdown of a package's page: its own docstring, then one section per public module."""
    folder = REPO.joinpath(*package.split("."))
    modules = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    sections = [f"# {package}\n\n::: {package}\n    options:\n      members: []\n"]
    sections += [f"## {module}\n\n::: {package}.{module}\n" for module in modules]
    return "\n".join(sections)


def _api_path(package: str) -> str:
    return f"{API}/{package}.md"


def _fenced(text: str) -> str:
    """Fence the indented code blocks, so that they are highlighted as shell, Python or plain text."""

    def fence(match: re.Match[str]) -> str:
        code = re.sub(r"^    ", "", match[1].rstrip("\n"), flags=re.MULTILINE)
        shell = re.match(r"(?:[A-Z_]+=\S+ )?(?:python|make|pip|tools/|for |apt-get|hf )", code)
        language = "bash" if shell else "python" if re.match(r"\w+(?:\[.*\])? ?= ?|\w+\(|[\w.]+\(", code) else "text"
        return f"\n```{language}\n{code}\n```\n"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    pattern = re.compile(r"(?<=\n)\n((?:    .*\n|\n(?=    ))+)")
    return "".join(part if part.startswith("```") else pattern.sub(fence, part) for part in parts)
