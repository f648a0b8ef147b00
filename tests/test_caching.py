"""What is kept between runs: used only where nobody else could have written it, and never needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import xl2report
from xl2report import caching, loading, preparing
from xl2report.loading import ProfileError, load_profile, shipped
from xl2report.preparing import prepared

TEMPLATE = shipped("docx_templates", "sichuan.docx")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own for what is kept, with nothing known in the process."""
    folder = tmp_path / "kept"
    monkeypatch.setenv("XL2REPORT_CACHE", str(folder))
    monkeypatch.setattr(preparing, "_KNOWN", {})
    return folder


def files(folder: Path, kind: str = "") -> list[str]:
    return sorted(path.name for path in folder.glob(f"{kind}*")) if folder.is_dir() else []


def never(*arguments: object) -> None:
    raise AssertionError("made again")


# -- what can be trusted --------------------------------------------------------------------------


def test_what_is_kept_is_found_again_in_a_folder_of_the_user_alone(place: Path) -> None:
    caching.keep("thing", "a" * 64, b"body")

    assert caching.kept("thing", "a" * 64) == b"body"
    assert caching.kept("thing", "b" * 64) is None
    assert caching.kept("other", "a" * 64) is None
    assert place.stat().st_mode & 0o777 == 0o700
    assert [p.stat().st_mode & 0o777 for p in place.iterdir()] == [0o600]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(place: Path, mode: int) -> None:
    caching.keep("thing", "a", b"body")
    place.chmod(mode)

    assert caching.kept("thing", "a") is None
    caching.keep("thing", "b", b"body")
    assert files(place) == ["thing-a"]


def test_a_file_that_others_may_write_to_is_not_used(place: Path) -> None:
    caching.keep("thing", "a", b"body")
    (place / "thing-a").chmod(0o666)

    assert caching.kept("thing", "a") is None


def test_a_folder_or_a_file_of_another_user_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caching.keep("thing", "a", b"body")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)

    assert caching.kept("thing", "a") is None
    caching.keep("thing", "b", b"body")
    assert files(place) == ["thing-a"]


def test_a_link_is_not_followed(place: Path, tmp_path: Path) -> None:
    caching.keep("thing", "a", b"body")
    (place / "thing-a").rename(tmp_path / "elsewhere")
    (place / "thing-a").symlink_to(tmp_path / "elsewhere")

    assert caching.kept("thing", "a") is None


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-1], lambda d: d[:0], lambda d: d[:9] + b"?" + d[10:], lambda d: d * 2]
)
def test_a_damaged_file_is_not_used(place: Path, damage: Callable[[bytes], bytes]) -> None:
    caching.keep("thing", "a", b"a longer body")
    file = place / "thing-a"
    file.write_bytes(damage(file.read_bytes()))

    assert caching.kept("thing", "a") is None


def test_only_the_newest_are_kept_and_nothing_unfinished_stays(place: Path) -> None:
    caching.keep("other", "a", b"body")
    for number in range(caching.MOST + 5):
        caching.keep("thing", f"{number:02d}", b"body")
        os.utime(place / f"thing-{number:02d}", (10**9 + number, 10**9 + number))
    (place / ".1.2.tmp").touch()
    os.utime(place / ".1.2.tmp", (10**9, 10**9))
    caching.keep("thing", "last", b"body")

    assert files(place, "thing") == [f"thing-{n:02d}" for n in range(6, caching.MOST + 5)] + ["thing-last"]
    assert files(place, "other") == ["other-a"]
    assert not (place / ".1.2.tmp").exists()


# -- where the folder is --------------------------------------------------------------------------


def test_the_folder_is_that_of_the_platform_or_the_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XL2REPORT_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/somewhere")
    assert caching.folder() == Path("/var/somewhere/xl2report")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert caching.folder() == Path("/home/somebody/.cache/xl2report")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # no home at all
    assert caching.folder() is None
    monkeypatch.setenv("XL2REPORT_CACHE", "/named")
    assert caching.folder() == Path("/named")
    for off in ("", "0"):
        monkeypatch.setenv("XL2REPORT_CACHE", off)
        assert caching.folder() is None


@pytest.mark.parametrize("where", ["a file", "below a file", "off", "\0"])
def test_without_a_folder_all_works_and_nothing_is_said(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").touch()
    named = {"a file": str(tmp_path / "a file"), "below a file": str(tmp_path / "a file" / "x"), "off": "0"}
    monkeypatch.setattr(caching, "folder", lambda: None if where == "off" else Path(named.get(where, where)))
    monkeypatch.setattr(preparing, "_KNOWN", {})
    made = prepared(TEMPLATE.read_bytes())

    assert [part.name for part in made.rendered] == ["word/document.xml"]
    assert capsys.readouterr() == ("", "")


def test_a_full_disk_leaves_nothing_half_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    caching.keep("thing", "a", b"body")

    assert files(place) == []
    assert list(place.iterdir()) == []


def test_a_run_without_a_home_compiles(tmp_path: Path, example: Path) -> None:
    """In a process of its own, with a folder that cannot be made for what is to be kept."""
    (tmp_path / "file").touch()
    names = ("PATH", "PYTHONPATH", "SYSTEMROOT")
    env = {name: os.environ[name] for name in names if name in os.environ}
    env |= {"XDG_CACHE_HOME": str(tmp_path / "file"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable,
        "-m",
        "xl2report",
        "compile",
        example,
        "-o",
        tmp_path,
        "--toc",
        "none",
        "--marks",
        "none",
    ]
    done = subprocess.run(command, env=env, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


# -- templates and profiles -----------------------------------------------------------------------


def test_a_template_is_prepared_once_for_its_content(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = TEMPLATE.read_bytes()
    first = prepared(data)
    assert prepared(bytes(data)) is first
    monkeypatch.setattr(preparing, "_KNOWN", {})
    monkeypatch.setattr(preparing, "_prepare", never)
    again = prepared(data)

    assert again == first
    assert {name: part.stored for name, part in again.constant.items()} == {
        name: part.stored for name, part in first.constant.items()
    }
    assert len(files(place, "template-")) == 1


@pytest.mark.parametrize("what", ["__version__", "_installed"])
def test_another_version_prepares_anew(place: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    prepared(TEMPLATE.read_bytes())
    other = [name.replace("docxtpl-", "docxtpl-9.") for name in caching._installed()]
    monkeypatch.setattr(caching, what, "9.9" if what == "__version__" else lambda: other)
    monkeypatch.setattr(preparing, "_KNOWN", {})
    prepared(TEMPLATE.read_bytes())

    assert len(files(place, "template-")) == 2


def test_a_library_of_unknown_version_is_not_relied_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "_installed", lambda: ())
    prepared(TEMPLATE.read_bytes())

    assert files(place) == []


def test_a_damaged_template_is_prepared_and_kept_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = TEMPLATE.read_bytes()
    prepared(data)
    (file,) = place.glob("template-*")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(preparing, "_KNOWN", {})
    prepared(data)

    assert file.read_bytes() == whole


def test_a_process_knows_a_few_templates_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = prepared(TEMPLATE.read_bytes())
    monkeypatch.setattr(preparing, "_prepare", {b"%d" % n: made for n in range(2 * preparing.MOST)}.__getitem__)
    monkeypatch.setattr(caching, "folder", lambda: None)
    for number in range(2 * preparing.MOST):
        prepared(b"%d" % number)

    assert len(preparing._KNOWN) == preparing.MOST


def profile_folder(tmp_path: Path) -> Path:
    """A profile of one's own that extends one that ships."""
    folder = tmp_path / "own"
    folder.mkdir()
    shutil.copy(loading.PROFILES / "sichuan" / "2024" / "profile.toml", folder)
    return folder


def test_a_profile_is_loaded_once_for_its_content_and_that_of_what_it_extends(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = profile_folder(tmp_path)
    loading._load.cache_clear()
    first = load_profile(folder)
    loading._load.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(loading, "merged", never)
        assert load_profile(folder) == first
    loading._load.cache_clear()
    content = loading._content
    monkeypatch.setattr(loading, "_content", lambda f: content(f) + ("" if f == folder else " changed"))
    monkeypatch.setattr(loading, "merged", never)
    with pytest.raises(AssertionError, match="made again"):
        load_profile(folder)
    monkeypatch.undo()
    loading._load.cache_clear()


def test_a_profile_with_a_mistake_is_not_kept(place: Path, tmp_path: Path) -> None:
    folder = profile_folder(tmp_path)
    text = (folder / "profile.toml").read_text(encoding="utf-8")
    (folder / "profile.toml").write_text(text + "\n[nonsense]\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ProfileError, match="nonsense"):
            load_profile(folder)

    assert files(place, "profile-") == []


def test_a_report_is_the_same_wherever_its_template_comes_from(
    place: Path, report: xl2report.Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, _ = report.narrative(toc="none", marks="none")
    known, _ = report.narrative(toc="none", marks="none")
    monkeypatch.setattr(preparing, "_KNOWN", {})
    from_disk, _ = report.narrative(toc="none", marks="none")

    assert fresh is not None
    assert fresh == known == from_disk
