"""Paths and archives that no engine makes: nothing is written but in its own place."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.container import RefusedError
from kshare_docs.data.files import (
    pack,
    read_scratch,
    unpack,
    write_scratch,
)

from .test_files import NO_PLAIN, attack


@pytest.mark.parametrize(
    "path",
    [
        attack("behind-a-link", "a file is written behind a link", "refused", "link/f"),
        attack("through-an-inner-link", "a file is written behind two links", "refused", "in/f"),
        attack(
            "into-nothing", "a file is written into a folder that is not there", "refused", "d/f"
        ),
        attack("below-a-file", "a file is written below a file", "refused", "file/f"),
        attack("upwards", "a file is written to ../", "refused", "../f"),
        attack("up-and-down", "a file is written to a/../../", "refused", "d/../../f"),
        attack(
            "absolute", "a file is written to an absolute path", "refused", "/etc/kshare-planted"
        ),
        attack("zero-byte", "a file is written to a name with a zero byte", "refused", "f\0g"),
        attack("itself", "a file is written over the scratch folder", "refused", "."),
        attack("too-long", "a file is written to a name of 300 bytes", "refused", "f" * 300),
    ],
)
def test_paths(tmp_path: Path, path: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "file").touch()
    (tmp_path / "outside").mkdir()
    (scratch / "link").symlink_to(tmp_path / "outside")
    (scratch / "in").symlink_to("link")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RefusedError):
        write_scratch(path, scratch, b"planted")
    with pytest.raises(RefusedError):
        read_scratch(path, scratch)
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/etc/kshare-planted").exists()


# Archives that no engine makes: written here, to see that the reader does not rely on one.


def _member(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **more: Any) -> Any:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for field, value in more.items():
        setattr(info, field, value)
    return info, data


def _archive(*members: Any) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w|") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    file.seek(0)
    return file


TOP = _member("scratch", tarfile.DIRTYPE)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        attack(
            "archive-up", "an archive has a name with ..", "refused", (
                TOP, _member("scratch/../../up", data=b"x")), "leads elsewhere",
        ),
        attack(
            "archive-absolute", "an archive has an absolute name", "refused", (
                TOP, _member("/etc/kshare-planted", data=b"x")), "leads elsewhere",
        ),
        attack(
            "archive-zero", "an archive has a name with a zero byte", "refused", (
                TOP, _member("scratch/" + 120 * "a" + "\0b", data=b"x")), "leads elsewhere",
        ),
        attack(
            "archive-beside", "an archive has a name beside the folder", "refused", (
                TOP, _member("scratch2/f", data=b"x")), "leads elsewhere",
        ),
        attack(
            "archive-twice", "an archive has one name twice", "refused", (
                TOP, _member("scratch/f", data=b"x"), _member("scratch/f", data=b"y")),
            "File exists",
        ),
        attack(
            "archive-link-then-file", "an archive has a link, then a file behind it", "refused", (
                TOP, _member("scratch/d", tarfile.SYMTYPE, linkname="/etc"),
                _member("scratch/d/f", data=b"x")), NO_PLAIN,
        ),
        attack(
            "archive-hard-link", "an archive has a hard link to /etc/shadow", "refused", (
                TOP, _member("scratch/f", tarfile.LNKTYPE, linkname="/etc/shadow")), NO_PLAIN,
        ),
        attack(
            "archive-below-a-file", "an archive has a file below a file", "refused", (
                TOP, _member("scratch/f", data=b"x"), _member("scratch/f/g", data=b"x")),
            "Not a directory",
        ),
        attack(
            "archive-sparse", "an archive has a sparse file of unknown size", "refused", (
                TOP, _member("scratch/f", pax_headers={
                    "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                    "GNU.sparse.name": "scratch/f", "GNU.sparse.realsize": str(1 << 40)},
                    data=b"0\n".ljust(512, b"\0"))), NO_PLAIN,
        ),
        attack(
            "archive-device", "an archive has a device", "refused", (
                TOP, _member("scratch/f", tarfile.CHRTYPE, devmajor=1, devminor=1)), NO_PLAIN,
        ),
        attack(
            "archive-unknown", "an archive has a member of an unknown kind", "refused", (
                TOP, _member("scratch/f", b"Z")), NO_PLAIN,
        ),
        attack(
            "archive-empty-name", "an archive has an empty name in a path", "refused", (
                TOP, _member("scratch//f", data=b"x")), "leads elsewhere",
        ),
    ],
)  # fmt: skip
def test_archives(tmp_path: Path, members: tuple[Any, ...], error: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "before").write_text("mine", encoding="utf-8")
    with pytest.raises(RefusedError, match=error):
        unpack(_archive(*members), scratch, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["scratch", "before"]


@pytest.mark.attack(kind="files", tried="an archive ends in the middle", outcome="refused")
def test_half_an_archive(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    whole = _archive(TOP, _member("scratch/f", data=b"x" * 4096)).getvalue()
    with pytest.raises(RefusedError, match="no whole archive"):
        unpack(io.BytesIO(whole[:2000]), tmp_path / "scratch", tmp_path)


def test_an_archive_there_and_back(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "d").mkdir(parents=True)
    two.mkdir()
    for name, data in (("d/f", b"x"), ("-", b""), ("\udcff\n", os.urandom(70000))):
        (one / name).write_bytes(data)
    with pack(one) as archive:
        unpack(archive, two, tmp_path)
    found = [
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*") if path.is_file()}
        for top in (one, two)
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 3
