"""Every source file has its test file at the mirrored path."""


def test_every_source_file_has_its_test_file(repo):
    """``kdxf/a/b.py`` -> ``tests/a/test_b.py``, ``kdxf_runtime/a/b.py`` -> ``tests/runtime/a/test_b.py``,
    ``tools/c.py`` -> ``tests/tools/test_c.py``.

    A shell script may share the test file of another: one that names it, or names the script that calls it.
    """
    missing = []
    for source in sorted((repo / "kdxf").rglob("*.py")):
        if source.name != "__init__.py":
            mirror = repo / "tests" / source.relative_to(repo / "kdxf").with_name(f"test_{source.name}")
            missing += [] if mirror.is_file() else [str(mirror.relative_to(repo))]
    for source in sorted((repo / "kdxf_runtime").rglob("*.py")):
        if source.name != "__init__.py":
            mirror = repo / "tests/runtime" / source.relative_to(repo / "kdxf_runtime").with_name(f"test_{source.name}")
            missing += [] if mirror.is_file() else [str(mirror.relative_to(repo))]
    for source in sorted((repo / "tools").rglob("*.py")):
        mirror = repo / "tests" / source.relative_to(repo).with_name(f"test_{source.name}")
        missing += [] if mirror.is_file() else [str(mirror.relative_to(repo))]
    for source in sorted((repo / "projects").glob("*/**/*.py")):
        if source.name != "__init__.py" and source.parent.name != "products":  # these share test_products.py
            project = source.relative_to(repo / "projects").parts[0]
            mirror = repo / "tests" / "projects" / project / f"test_{source.name}"
            missing += [] if mirror.is_file() else [str(mirror.relative_to(repo))]
    scripts = sorted((repo / "tools").rglob("*.sh"))
    users = [*(repo / "tests" / "tools").rglob("test_*.py"), *scripts]
    for script in scripts:
        named = any(script.name in user.read_text(encoding="utf-8") for user in users if user != script)
        missing += [] if named else [f"a test of {script.name}"]
    assert missing == []
