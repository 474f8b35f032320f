"""Writing a Space: nothing of anybody else's is lost, and nothing is left half written."""

import errno
import json
from pathlib import Path

import pytest

from core.errors import HostingError, InvalidInput
from hosting.folder import LIST, write_space

FILES = {"README.md": b"ours", "app.py": b"print()", "core/run.py": b"run"}
OF_THE_HUB = (
    b"---\ntitle: X\nsdk: gradio\nshort_description: a\n---\n\n"
    b"Check out the configuration reference at https://huggingface.co/docs/hub/spaces\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "space"


def write(folder: Path, force: bool = False, **changes: bytes | None) -> None:
    files = {**FILES, **{path: data for path, data in changes.items() if data is not None}}
    gone = {path for path, data in changes.items() if data is None}
    write_space(folder, "zero", {k: v for k, v in files.items() if k not in gone}, force)


def there(folder: Path) -> dict[str, bytes]:
    """Every file in the folder but the list, by its path."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {path: file.read_bytes() for path, file in files.items() if path != LIST}


def refused(folder: Path, force: bool = False, **changes: bytes | None) -> InvalidInput:
    """What is said; and nothing is written."""
    before = there(folder)
    with pytest.raises(InvalidInput) as caught:
        write(folder, force, **changes)
    assert there(folder) == before
    return caught.value


def test_a_new_folder_has_the_files_and_a_list_of_them(folder):
    write(folder)
    assert there(folder) == FILES
    told = json.loads((folder / LIST).read_text())
    assert (told["hardware"], told["files"].keys()) == ("zero", FILES.keys())


def test_what_was_written_before_is_brought_up_to_date(folder):
    write(folder)
    write(folder, **{"app.py": b"newer", "core/run.py": None, "core/later.py": b"more"})
    assert there(folder) == {"README.md": b"ours", "app.py": b"newer", "core/later.py": b"more"}
    write(folder)
    assert there(folder) == FILES


def test_a_clone_keeps_what_is_not_ours(folder):
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_bytes(b"[core]")
    (folder / ".gitattributes").write_bytes(b"*.bin lfs")
    (folder / "README.md").write_bytes(OF_THE_HUB)
    write(folder)
    kept = {".git/config": b"[core]", ".gitattributes": b"*.bin lfs"}
    assert there(folder) == FILES | kept


@pytest.mark.parametrize(
    "readme",
    [b"# Mine", OF_THE_HUB + b"\nAnd more.\n", OF_THE_HUB.replace(b"Check", b"Mine.\n\nCheck")],
)
def test_a_readme_of_a_persons_own_in_a_clone_is_named(folder, readme):
    (folder / ".git").mkdir(parents=True)
    (folder / "README.md").write_bytes(readme)
    error = refused(folder)
    assert error.code == "space_changed"
    assert error.fields == {"count": 1, "files": "README.md"}
    write(folder, force=True)
    assert there(folder)["README.md"] == b"ours"


def test_files_that_were_changed_are_named_and_kept(folder):
    write(folder)
    (folder / "README.md").write_bytes(b"changed")
    (folder / "core" / "run.py").write_bytes(b"changed")
    assert refused(folder, **{"app.py": b"newer"}).fields["files"] == "README.md, core/run.py"
    write(folder, force=True)
    assert there(folder) == FILES


def test_a_changed_file_that_is_ours_no_more_stays(folder):
    write(folder)
    (folder / "core" / "run.py").write_bytes(b"changed")
    write(folder, **{"core/run.py": None})
    assert there(folder) == FILES | {"core/run.py": b"changed"}


def test_what_is_there_already_and_the_same_is_no_matter(folder):
    (folder / ".git").mkdir(parents=True)
    (folder / "app.py").write_bytes(FILES["app.py"])
    write(folder)
    assert there(folder) == FILES


def test_a_long_list_of_changed_files_is_cut(folder):
    files = {f"core/{n}.py": b"" for n in range(20)}
    write(folder, **files)
    for path in files:
        (folder / path).write_bytes(b"changed")
    error = refused(folder, **files)
    assert error.fields["count"] == 20
    assert str(error.fields["files"]).endswith("core/7.py …")


def test_a_folder_of_something_else_is_refused(folder):
    folder.mkdir(parents=True)
    write(folder)  # empty
    stranger = folder.parent / "letters"
    stranger.mkdir()
    (stranger / "to_mother.txt").write_bytes(b"Dear")
    assert refused(stranger).code == "space_not_empty"
    write(stranger, force=True)
    assert there(stranger) == FILES | {"to_mother.txt": b"Dear"}


@pytest.mark.parametrize("text", ["", "[]", '{"files": 1}', '{"hardware": "zero"}'])
def test_a_list_that_cannot_be_read_is_said(folder, text):
    write(folder)
    (folder / LIST).write_text(text)
    assert refused(folder, force=True).code == "space_list"


@pytest.mark.parametrize("path", ["../../letter", "/etc/hostname", "core/../../../letter"])
def test_a_list_cannot_have_files_elsewhere_deleted(folder, path):
    write(folder)
    (folder.parent.parent / "letter").write_bytes(b"Dear")
    (folder / LIST).write_text(json.dumps({"hardware": "zero", "files": {path: "0" * 64}}))
    assert refused(folder, force=True).code == "space_path"


def test_nothing_is_written_through_a_link(folder):
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(parents=True)
    (folder / ".git").mkdir(parents=True)
    (folder / "core").symlink_to(elsewhere)
    assert refused(folder, force=True).code == "space_path"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["core", "app.py"])
def test_a_file_in_place_of_a_folder_or_the_other_way_round_is_said(folder, name):
    (folder / ".git").mkdir(parents=True)
    if name == "core":
        (folder / "core").write_bytes(b"")
    else:
        (folder / "app.py").mkdir()
    assert refused(folder, force=True).code == "space_path"


@pytest.mark.parametrize("new", [True, False], ids=["new", "older"])
def test_a_full_disk_leaves_things_as_they_were(folder, monkeypatch, new):
    if not new:
        write(folder)
    before = there(folder)
    written = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "run.py":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(HostingError, match="No space left"):
        write(folder, **{"app.py": b"newer"})
    assert there(folder) == before
    assert folder.exists() != new, "also no empty folder is left"
    assert [path for path in folder.parent.rglob(".space-*") if path.name != LIST] == []


def test_a_file_in_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "space").write_bytes(b"")
    with pytest.raises(HostingError, match="Not a directory"):
        write(tmp_path / "space")
