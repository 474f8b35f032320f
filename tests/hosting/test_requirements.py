"""Requirements in one file, as the build of a Space needs them."""

from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from hosting.requirements import flattened, pinned
from hosting.space import HARDWARE
from tests.conftest import ROOT


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder / "outer.txt"


def test_files_in_files_become_one_and_keep_their_comments(tmp_path):
    outer = write(
        tmp_path,
        outer="-r middle.txt\n# For c,\n# truly.\nc==3\n",
        middle="-r inner.txt\n# For b.\nb==2\n",
        inner="# For a.\na==1\nalso==1\n",
    )
    assert flattened(outer) == (
        "# For a.\na==1\nalso==1\n# For b.\nb==2\n# For c,\n# truly.\nc==3\n"
    )


def test_the_file_that_takes_in_another_overrules_it_in_whatever_way_names_are_written(tmp_path):
    outer = write(
        tmp_path,
        outer="-r inner.txt\n# Exactly.\nBig_Name==2.1\n",
        inner="# About.\nbig-name>=2\n# The other.\nb==1\n",
    )
    assert flattened(outer) == "# Exactly.\nBig_Name==2.1\n# The other.\nb==1\n"


def test_what_is_no_requirement_is_refused(tmp_path):
    with pytest.raises(ValueError, match="--index-url"):
        flattened(write(tmp_path, outer="--index-url https://elsewhere\n"))


def test_a_version_is_the_one_that_is_pinned():
    assert pinned("# The page.\ngradio==6.1.0\ngradio_client==2\n", "gradio") == "6.1.0"
    for text in ("gradio>=6.1.0\n", "gradio_client==2\n", "# gradio==6\n"):
        with pytest.raises(ValueError, match="not pinned"):
            pinned(text, "gradio")


@pytest.mark.parametrize("hardware", HARDWARE)
def test_nothing_is_pinned_that_the_build_of_a_space_cannot_install(hardware):
    """Spaces installs gradio[oauth,mcp] in the same command: with a pin outside of what these
    extras allow there is no set of packages at all."""
    also = [Requirement(line) for line in requires("gradio") or ()]
    extras = [{"extra": extra} for extra in ("", "oauth", "mcp")]
    allowed = [r for r in also if not r.marker or any(map(r.marker.evaluate, extras))]
    ours = flattened(ROOT / HARDWARE[hardware].requirements).splitlines()
    pins = {r.name: r.specifier for r in map(Requirement, (o for o in ours if o[0] != "#"))}
    assert "pydantic" in pins
    for other in allowed:
        for specifier in pins.get(other.name, ()):
            if specifier.operator == "==":
                assert other.specifier.contains(specifier.version), other
