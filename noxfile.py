"""Everything a contributor or CI runs; ``nox -l`` lists it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "contracts", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.default_venv_backend = "virtualenv"

PYPROJECT = nox.project.load_toml("pyproject.toml")
HERE = Path(__file__).parent
OLDEST = (3, 11)
MINORS = sorted((path.stem for path in (HERE / "tools/machinery").glob("*.mod")), key=lambda minor: int(minor.partition(".")[2]))
LIBCNIS = sorted(path.stem for path in (HERE / "tools/libcni").glob("*.*.mod"))
PAGES = sorted(path.stem.removesuffix("_page").replace("_", "-") for path in (HERE / "tools").glob("*_page.py"))  # of docs/reference
NO_GO = "there is no Go of 1.21 or newer, which fetches the Go that is needed by itself"


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def interpreters() -> list[str]:
    """Return the oldest and the newest CPython from 3.11 on that this machine has, without the one that is running."""
    found = {sys.version_info[:2]: sys.executable}
    candidates = [shutil.which(f"python{OLDEST[0]}.{minor}") for minor in range(OLDEST[1], 20)]
    candidates += [str(path) for path in Path(os.environ.get("PYENV_ROOT", "/nonexistent")).glob("versions/3.*/bin/python")]
    for candidate in filter(None, candidates):
        answer = subprocess.run(
            [candidate, "-c", "import sys; print(sys.implementation.name, *sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        words = answer.stdout.split()
        if answer.returncode == 0 and len(words) == 3 and words[0] == "cpython":
            version = (int(words[1]), int(words[2]))
            if version >= OLDEST:
                found.setdefault(version, candidate)
    versions = sorted(found)
    return [found[version] for version in dict.fromkeys((versions[0], versions[-1])) if version != sys.version_info[:2]]


def reference(session: nox.Session, kind: str, versions: Sequence[str]) -> dict[str, str]:
    """Return the variables that name a program which answers as the real code does, for each version; what is set already stays as it is.

    The kind is that of the program: ``oracle`` for Talos, by minor, and ``libcni``.
    """
    names = {version: f"TALOSPATCH_{kind.upper()}_{version.replace('.', '_')}" for version in versions}
    programs = {name: os.environ[name] for name in names.values() if os.environ.get(name)}
    missing = [version for version, name in names.items() if name not in programs]
    if missing and has_go():
        lines = session.run("python", f"tools/{kind}.py", *missing, silent=True, stderr=sys.stderr)
        programs |= dict(line.split("=", 1) for line in str(lines).splitlines())
    return programs


def has_go() -> bool:
    """Whether there is a Go that can build what is below tools."""
    if shutil.which("go") is None:
        return False
    version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go1\.(\d+)", version)
    return found is not None and int(found[1]) >= 21


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, with branch coverage."""
    session.install("-e", ".", *group("test"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report", "--fail-under=90")


@nox.session(python=interpreters() or None)
def tests_elsewhere(session: nox.Session) -> None:
    """The pure and simulator tests on the oldest and the newest other interpreter found."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", "-m", "not install and not containerd", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Format and rules of the code."""
    session.install(*[requirement for requirement in group("lint") if requirement.startswith("ruff")])
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def contracts(session: nox.Session) -> None:
    """What may import what."""
    session.install("-e", ".", *[requirement for requirement in group("lint") if requirement.startswith("import-linter")])
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Static types of the package, the tests, the benchmarks, the tools, this file, and the programs in the documentation."""
    session.install("-e", ".", *group("types"))
    session.run("mypy")
    session.run("python", "tools/documented_programs.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; warnings are errors. References and tutorials must show what tables say and commands print."""
    session.install("-e", ".", *group("docs"))
    for page in PAGES:
        session.run("python", f"tools/{page.replace('-', '_')}_page.py", "--check", f"docs/reference/{page}.md")
    session.run("python", "tools/tutorial.py", "--check", "docs/tutorials/demo.md")
    session.run("python", "tools/cni_tutorial.py", "--check", "docs/tutorials/cni-cache.md")
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the pictures of README and docs from true output of the demo."""
    session.install("-e", ".")
    session.run("python", "tools/pictures.py", "docs/pictures")


@nox.session
def tutorial(session: nox.Session) -> None:
    """Fill the tutorial with what its commands print today."""
    session.install("-e", ".")
    session.run("python", "tools/tutorial.py", "docs/tutorials/demo.md")


@nox.session
def cni_tutorial(session: nox.Session) -> None:
    """Fill the tutorial of the CNI cache from a real containerd and Kubernetes (root; nine minutes); --check compares it."""
    session.install("-e", ".", *group("test"))
    options = ["--check", "--real"] if "--check" in session.posargs else []
    session.run("python", "tools/cni_tutorial.py", *options, "docs/tutorials/cni-cache.md")


@nox.session
def bench(session: nox.Session) -> None:
    """Print every figure that docs/performance.md quotes, as ratios within this run; some of Talos's own code, where Go can build it."""
    session.install("-e", ".", "psutil>=6")
    programs = reference(session, "oracle", MINORS[-2:])
    session.run("python", "-m", "benchmarks", *session.posargs, env=programs)


@nox.session
def demo(session: nox.Session) -> None:
    """Run the main job on the embedded simulated cluster."""
    session.install("-e", ".")
    session.run("talospatch", "demo", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Tests against every real server: built where Go is needed, which takes minutes the first time; a talosctl where one is given.

    containerd 1.7, 2.1 and 2.3 and the distribution's, in namespaces (needs root); a Kubernetes control plane; Loki; a talosctl on PATH or
    in TALOSPATCH_TALOSCTL.
    """
    session.install("-e", ".", *group("test"))
    session.run("python", "tools/servers.py", "build")
    session.run(
        "pytest",
        *(session.posargs or ["tests/containerd_node", "tests/kubernetes", "tests/telemetry", "tests/simulator/test_talosctl.py"]),
        env={"TALOSPATCH_CONTAINERD": "distribution,1.7,2.1,2.3"},
    )


@nox.session
def proto(session: nox.Session) -> None:
    """Generate the protobuf code again; with --check, fail if it differs from what is committed."""
    session.install(*group("proto"))
    sources = sorted(str(path.relative_to(HERE)) for part in ("talospatch", "tests") for path in (HERE / part).rglob("*.proto"))
    out = Path(session.create_tmp()) if "--check" in session.posargs else HERE
    session.run("python", "-m", "grpc_tools.protoc", "-I.", f"--python_out={out}", f"--pyi_out={out}", *sources)
    if out != HERE:
        for made in sorted(out.rglob("*_pb2.py*")):
            if made.read_bytes() != (HERE / made.relative_to(out)).read_bytes():
                session.error(f"{made.name} is not what its .proto gives; run nox -s proto")


@nox.session
def typetables(session: nox.Session) -> None:
    """Print the types of machine config again from Talos's published module (needs Go); with --check, fail if they differ."""
    session.run("python", "tools/typetables.py", *session.posargs)


@nox.session
def views(session: nox.Session) -> None:
    """Write the typed views of machine config again from the tables of types; with --check, fail if they differ."""
    session.install("-e", ".")
    session.run("python", "tools/views.py", *session.posargs)


@nox.session
def oracle(session: nox.Session) -> None:
    """Compare random patches, verdicts and conversions with Talos's own code, built first (needs Go); for some minors: -- 1.13 1.14."""
    minors = [word for word in session.posargs if word in MINORS]
    programs = reference(session, "oracle", minors or MINORS)
    if not programs:
        session.skip(f"{NO_GO}, and no variable such as TALOSPATCH_ORACLE_1_14 names a program that was built elsewhere")
    session.install("-e", ".", *group("test"))
    session.run("pytest", "tests/oracle", *[word for word in session.posargs if word not in minors], env=programs)


@nox.session
def libcni(session: nox.Session) -> None:
    """Compare what is predicted of random cache files with libcni's own DEL, built first (needs Go); for some versions: -- 1.1.2 1.3.0."""
    versions = [word for word in session.posargs if word in LIBCNIS]
    programs = reference(session, "libcni", versions or LIBCNIS)
    if not programs:
        session.skip(f"{NO_GO}, and no variable such as TALOSPATCH_LIBCNI_1_1_2 names a program that was built elsewhere")
    session.install("-e", ".", *group("test"))
    session.run("pytest", "tests/libcni", *[word for word in session.posargs if word not in versions], env=programs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change merge and delete in one place at a time, and see whether a test notices (minutes); some modules only: -- merge keyed."""
    session.install("-e", ".", *group("test"))
    session.run("python", "tools/mutants.py", *session.posargs)


@nox.session
def changelog(session: nox.Session) -> None:
    """Show the fragments of the next release together."""
    fragments = sorted(path for path in (HERE / "changelog.d").glob("*.*.md"))
    for kind in ("added", "changed", "fixed", "removed"):
        texts = [path.read_text().strip() for path in fragments if path.name.endswith(f".{kind}.md")]
        if texts:
            session.log(f"{kind.capitalize()}\n" + "\n".join(f"- {text}" for text in texts))


@nox.session
def dist(session: nox.Session) -> None:
    """Build the wheel and the source distribution."""
    session.install(*group("build"))
    session.run("python", "-m", "build", "--outdir", "dist")
