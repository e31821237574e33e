"""What a user gets: the wheel, an editable install and a checkout all work and all find the bundled patches."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.install, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout; a failure shows what it printed."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(where: Path) -> Path:
    """Make a virtual environment that borrows our own site-packages for the dependencies; return its Python."""
    venv.create(where, with_pip=True)
    python = where / "bin" / "python"
    inside = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=where).strip()
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    # A .pth file comes after the environment's own packages, so what is installed there wins.
    Path(inside, "borrowed.pth").write_text("\n".join(borrowed))
    return python


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", out, ROOT, cwd=out)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_types_patches_and_no_tests(wheel: Path) -> None:
    """And nothing beside the package."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "talospatch/py.typed" in names
    assert "talospatch/_patches/containerd-metrics.yaml" in names
    assert "talospatch/machineconfig/tables/1.14.txt" in names
    assert "talospatch/machineconfig/views.pyi" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"talospatch"}


def test_a_wheel_install_finds_the_bundled_patches(wheel: Path, tmp_path: Path) -> None:
    """Without the checkout."""
    python = environment(tmp_path / "env")
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel, cwd=tmp_path)
    where = run(python, "-c", "import talospatch; print(talospatch.__file__)", cwd=tmp_path)
    assert str(tmp_path) in where
    assert "containerd-metrics" in run(tmp_path / "env/bin/talospatch", "patches", "list", cwd=tmp_path)


def test_an_editable_install_finds_the_bundled_patches(tmp_path: Path) -> None:
    """Those of the checkout."""
    python = environment(tmp_path / "env")
    run(python, "-m", "pip", "install", "-q", "--no-deps", "-e", ROOT, cwd=tmp_path)
    assert "containerd-metrics" in run(tmp_path / "env/bin/talospatch", "patches", "list", cwd=tmp_path)


def test_a_checkout_finds_the_bundled_patches(tmp_path: Path) -> None:
    """Started by its path, without any install of it."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'talospatch'; from talospatch.cli import main; main()"
    assert "containerd-metrics" in run(sys.executable, "-c", code, "patches", "list", cwd=tmp_path)


def test_the_package_can_be_started_as_a_module(tmp_path: Path) -> None:
    """For machines where the script's directory is not on PATH."""
    assert "talospatch" in run(sys.executable, "-m", "talospatch", "--help", cwd=tmp_path)
