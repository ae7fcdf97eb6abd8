"""Files between containers and host steps: copies of regular files; nothing is followed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kshare_docs.data.capture import Ending, Result
from kshare_docs.data.files import (
    FILE_LIMIT,
    TREE_DEPTH,
    TREE_ENTRIES,
)
from kshare_docs.pages.project import read_project
from kshare_docs.run.runner import run

from .conftest import Workshop

NO_PLAIN = "is no regular file and no folder"
A_LINK = "is a link, or leads out of the scratch folder"


def attack(name: str, tried: str, outcome: str, *values: Any) -> Any:
    marks = (
        pytest.mark.attack(kind="files", tried=tried, outcome=outcome),
        *((pytest.mark.live,) if values and isinstance(values[0], list) else ()),
    )
    return pytest.param(*values, id=name, marks=marks)


@dataclass
class Place:
    """A project, and beside it a folder that nobody may read or change."""

    workshop: Workshop
    outside: Path
    secret: str

    def run(self, lines: list[str]) -> list[Result]:
        """Run the lines as one example; those that are no `docker run` are on the reviewed list."""
        steps = [line.replace("OUTSIDE", str(self.outside)) for line in lines]
        self.workshop.allow(*(step for step in steps if not step.startswith("docker run")))
        self.workshop.example("tried", "\n".join(f"$ {step}" for step in steps), 'timeout="30"')
        project = read_project(self.workshop.root)
        assert not project.problems
        capture = run(project).judged["zh", "tried"].capture
        assert capture is not None
        return list(capture.results)

    def check(self) -> None:
        """Nothing was made, removed or changed outside."""
        (left,) = self.outside.iterdir()
        assert left.read_text(encoding="utf-8") == self.secret
        assert left.stat().st_mode & 0o7777 == 0o600


@pytest.fixture
def place(workshop: Workshop, tmp_path: Path) -> Iterator[Place]:
    outside = tmp_path / "outside"
    outside.mkdir(0o700)
    found = Place(workshop, outside, secrets.token_hex(16))
    (outside / "secret").write_text(found.secret, encoding="utf-8")
    (outside / "secret").chmod(0o600)
    yield found
    found.check()


SHARED = "docker run --rm -v .:/w -w /w alpine "


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        attack(
            "link-to-a-file",
            "a container leaves a link to /etc/shadow for a host step to read",
            "refused: only regular files come back",
            [SHARED + "ln -s /etc/shadow f", "cat f"],
            NO_PLAIN,
        ),
        attack(
            "link-to-a-folder",
            "a container leaves a link to a folder of the host",
            "refused: only regular files come back",
            [SHARED + "ln -s OUTSIDE d", "ls d"],
            NO_PLAIN,
        ),
        attack(
            "relative-link",
            "a container leaves a link made of many ../",
            "refused: only regular files come back",
            [SHARED + "ln -s ../../../../../../etc/passwd f", "cat f"],
            NO_PLAIN,
        ),
        attack(
            "dangling-link",
            "a container leaves a link to a path that a host step would create",
            "refused: only regular files come back",
            [SHARED + "ln -s OUTSIDE/made f", "echo x > f"],
            NO_PLAIN,
        ),
        attack(
            "written-name",
            "a container plants a link under the name that a listed line writes",
            "refused before that line runs",
            [
                SHARED + "ln -s OUTSIDE/secret host_filesystems.txt",
                "cat /proc/filesystems > host_filesystems.txt",
            ],
            NO_PLAIN,
        ),
        attack(
            "read-name",
            "a container plants a link under the name that a listed line compares and prints",
            "refused before that line runs",
            [
                SHARED + "ln -s /etc/shadow host_filesystems.txt",
                "diff host_filesystems.txt container_filesystems.txt",
            ],
            NO_PLAIN,
        ),
        attack(
            "link-to-scratch",
            "a container leaves a link to another scratch file",
            "refused: no link comes back, harmless or not",
            [SHARED + "sh -c 'echo x > a; ln -s a b'"],
            NO_PLAIN,
        ),
        attack(
            "deep-link",
            "a link lies three folders deep",
            "refused: only regular files come back",
            [SHARED + "sh -c 'mkdir -p a/b/c; ln -s /etc/shadow a/b/c/f'"],
            NO_PLAIN,
        ),
        attack(
            "fifo",
            "a container leaves a FIFO, on which a host step would hang",
            "refused: only regular files come back",
            [SHARED + "mkfifo f", "cat f"],
            NO_PLAIN,
        ),
        attack(
            "null-device",
            "a container leaves a character device",
            "refused: only regular files come back",
            [SHARED + "mknod f c 1 3", "cat f"],
            NO_PLAIN,
        ),
        attack(
            "memory-device",
            "a container leaves the device of the kernel's memory",
            "refused: only regular files come back",
            [SHARED + "mknod kmsg c 1 11", "head -c 100 kmsg"],
            NO_PLAIN,
        ),
        attack(
            "disk-device",
            "a container leaves a block device, the host's disk",
            "refused: only regular files come back",
            [SHARED + "mknod disk b 254 0", "head -c 100 disk"],
            NO_PLAIN,
        ),
        attack(
            "second-name",
            "a container leaves a file under two names (a hard link)",
            "refused: only regular files come back",
            [SHARED + "sh -c 'echo x > a; ln a b'"],
            NO_PLAIN,
        ),
        attack(
            "deep-folders",
            "a container leaves folders 3,000 deep, which the builder cannot remove",
            "refused at the 32nd folder",
            [SHARED + "sh -c 'i=0; while [ $i -lt 3000 ]; do mkdir d; cd d; i=$((i+1)); done'"],
            f"lies deeper than {TREE_DEPTH} folders",
        ),
        attack(
            "many-files",
            "a container leaves 100,000 files",
            "refused at the 1,001st",
            [SHARED + "sh -c 'seq 1 100000 | xargs touch'"],
            f"is more than the {TREE_ENTRIES} files",
        ),
        attack(
            "sparse-file",
            "a container leaves a sparse file of 1 TiB",
            "refused by its size, before it is read",
            [SHARED + "dd if=/dev/zero of=big bs=1 count=1 seek=1099511627776"],
            f"is larger than {FILE_LIMIT} bytes",
        ),
        attack(
            "large-file",
            "a container leaves one byte more than a file may have",
            "refused, with the limit",
            [SHARED + "dd if=/dev/zero of=big bs=16777217 count=1"],
            f"is larger than {FILE_LIMIT} bytes",
        ),
        attack(
            "large-tree",
            "a container leaves many files, each just small enough",
            "refused, with the limit of all together",
            [SHARED + "sh -c 'for i in 1 2 3 4 5; do head -c 15000000 /dev/zero > $i; done'"],
            "bytes that are copied",
        ),
        attack(
            "swapped-for-a-link",
            "a folder of the scratch folder is swapped for a link between two mounts",
            "refused at the first container; nothing of the host is mounted",
            [
                "mkdir d",
                SHARED + "sh -c 'rmdir d; ln -s OUTSIDE d'",
                "docker run --rm -v ./d:/x alpine ls -la /x",
            ],
            NO_PLAIN,
        ),
        attack(
            "mount-of-a-link",
            "a mount names a link that leads out of the scratch folder",
            "refused; nothing of the host is mounted",
            ["ln -s OUTSIDE d", "docker run --rm -v ./d:/x alpine ls -la /x"],
            A_LINK,
        ),
        attack(
            "mount-through-a-link",
            "a mount names a folder behind a link",
            "refused; nothing of the host is mounted",
            ["ln -s / root", "docker run --rm -v ./root/etc:/x:ro alpine cat /x/shadow"],
            A_LINK,
        ),
        attack(
            "mount-with-a-link-in-it",
            "a mounted folder holds a link, to be read by what copies it",
            "refused: no link is copied into a container either",
            ["ln -s OUTSIDE/secret f", SHARED + "cat f"],
            NO_PLAIN,
        ),
        attack(
            "mount-of-a-device",
            "a mount names a device that a host step made",
            "refused",
            ["mknod f c 1 5", "docker run --rm -v ./f:/x alpine head -c 5 /x"],
            NO_PLAIN,
        ),
        attack(
            "mount-below-a-file",
            "a mount names a path below a file",
            "refused; the run goes on",
            ["touch f", "docker run --rm -v ./f/g:/x alpine true"],
            "Not a directory",
        ),
        attack(
            "mount-of-a-long-name",
            "a mount names a path of 300 bytes",
            "refused; the run goes on",
            ["true", f"docker run --rm -v ./{'f' * 300}:/x alpine true"],
            "File name too long",
        ),
        attack(
            "output-onto-a-link",
            "`> f`, where f is a link to a file of the host",
            "refused; the file is as it was",
            ["ln -s OUTSIDE/secret f", "docker run --rm alpine echo planted > f"],
            A_LINK,
        ),
        attack(
            "output-onto-a-dangling-link",
            "`> f`, where f is a link to a file that is not there yet",
            "refused; no file is made",
            ["ln -s OUTSIDE/made f", "docker run --rm alpine echo planted > f"],
            A_LINK,
        ),
        attack(
            "output-onto-a-ring",
            "`> f`, where f is a link to itself",
            "refused",
            ["ln -s f f", "docker run --rm alpine echo planted > f"],
            A_LINK,
        ),
        attack(
            "output-onto-full",
            "`> f`, where f is a link to /dev/full",
            "refused",
            ["ln -s /dev/full f", "docker run --rm alpine echo planted > f"],
            A_LINK,
        ),
        attack(
            "output-onto-a-device",
            "`> f`, where f is a device node",
            "refused",
            ["mknod f c 1 7", "docker run --rm alpine echo planted > f"],
            "is no regular file",
        ),
        attack(
            "output-onto-a-fifo",
            "`> f`, where f is a FIFO that nobody reads",
            "refused, and it does not hang",
            ["mkfifo f", "docker run --rm alpine echo planted > f"],
            "is no regular file",
        ),
        attack(
            "output-onto-a-folder",
            "`> f`, where f is a folder",
            "refused before the container is made",
            ["mkdir f", "docker run --rm alpine echo planted > f"],
            "is no regular file",
        ),
        attack(
            "large-output",
            "`> f` takes an output of more bytes than a file may have",
            "refused, and not cut short unseen",
            ["docker run --rm alpine head -c 17000000 /dev/zero > f", "wc -c f"],
            f"would be larger than {FILE_LIMIT} bytes",
        ),
        attack(
            "variables-of-a-fifo",
            "--env-file names a FIFO that nobody writes to",
            "refused, and it does not hang",
            ["mkfifo f", "docker run --rm --env-file f alpine env"],
            "is no regular file",
        ),
        attack(
            "variables-of-a-device",
            "--env-file names a device without end",
            "refused",
            ["mknod f c 1 5", "docker run --rm --env-file f alpine env"],
            "is no regular file",
        ),
        attack(
            "variables-of-a-link",
            "--env-file names a link to a secret of the host",
            "refused; the secret is not read",
            ["ln -s OUTSIDE/secret f", "docker run --rm --env-file f alpine env"],
            A_LINK,
        ),
        attack(
            "variables-of-a-link-to-zero",
            "--env-file names a link to /dev/zero",
            "refused",
            ["ln -s /dev/zero f", "docker run --rm --env-file f alpine env"],
            A_LINK,
        ),
        attack(
            "variables-of-a-folder",
            "--env-file names a folder",
            "refused",
            ["mkdir f", "docker run --rm --env-file f alpine env"],
            "is no regular file",
        ),
        attack(
            "binary-variables",
            "--env-file names a binary file that a container left",
            "refused: it is not UTF-8",
            [
                SHARED + "cp /bin/busybox f",
                "docker run --rm --env-file f alpine env",
            ],
            "is not UTF-8",
        ),
        attack(
            "large-variables",
            "--env-file names a sparse file of 1 GiB",
            "refused by its size",
            ["truncate -s 1G f", "docker run --rm --env-file f alpine env"],
            f"is larger than {FILE_LIMIT} bytes",
        ),
        attack(
            "variables-of-the-builder",
            "a line of --env-file takes its value from the builder's environment",
            "refused, with the line",
            [SHARED + "sh -c 'echo HOME > f'", "docker run --rm --env-file f alpine env"],
            "is no NAME=VALUE",
        ),
        attack(
            "variable-with-a-zero-byte",
            "a line of --env-file has a zero byte in it",
            "refused, with the line",
            [
                SHARED + "sh -c 'printf \"A=1\\0B=2\\n\" > f'",
                "docker run --rm --env-file f alpine env",
            ],
            "is no NAME=VALUE",
        ),
        attack(
            "very-many-variables",
            "--env-file names a file of 2,000 variables, for which an engine takes its time",
            "refused; no other example waits",
            [
                SHARED + "sh -c 'seq 2000 | sed s/.*/A\\&=1/ > f'",
                "docker run --rm --env-file f alpine true",
            ],
            "more than 1000 variables",
        ),
        attack(
            "scratch-folder-as-a-link",
            "a host step puts a link in the scratch folder's own place, which a mount then names",
            "refused; nothing of the host is mounted",
            ["d=$PWD; cd /; rmdir $d; ln -s OUTSIDE $d", SHARED + "cat secret"],
            A_LINK,
        ),
        attack(
            "output-into-a-link",
            "`> f`, where the scratch folder itself is a link",
            "refused; no file is made",
            [
                "d=$PWD; cd /; rmdir $d; ln -s OUTSIDE $d",
                "docker run --rm alpine echo planted > f",
            ],
            A_LINK,
        ),
        attack(
            "whiteout",
            "a container leaves a whiteout of overlayfs, a device of number 0",
            "refused: only regular files come back",
            [SHARED + "mknod f c 0 0"],
            NO_PLAIN,
        ),
        attack(
            "one-mount-within-another",
            "a container takes away, by one mount, the folder that another one brings back",
            "refused; nothing is written elsewhere",
            [
                "mkdir -p d/e",
                "docker run --rm -v .:/w -v ./d/e:/y alpine sh -c 'rm -r /w/d; echo x > /w/d'",
            ],
            "Not a directory",
        ),
        attack(
            "link-by-an-inner-mount",
            "a container leaves a link by a mount within another mount",
            "refused: only regular files come back",
            ["mkdir d", "docker run --rm -v .:/w -v ./d:/y alpine ln -s OUTSIDE /y/l"],
            NO_PLAIN,
        ),
        attack(
            "many-sparse-files",
            "a container leaves 900 sparse files of 16 MiB each",
            "refused at 64 MiB, before the rest is read",
            [SHARED + "sh -c 'for i in $(seq 900); do truncate -s 16777216 s$i; done'"],
            "bytes that are copied",
        ),
        attack(
            "socket-as-variables",
            "--env-file names the Docker socket by a link",
            "refused",
            ["ln -s /var/run/docker.sock f", "docker run --rm --env-file f alpine env"],
            A_LINK,
        ),
    ],
)
def test_refused(place: Place, lines: list[str], error: str) -> None:
    results = place.run(lines)
    assert error in results[-1].error, results
    assert results[-1].ending is Ending.REFUSED
    assert not any(place.secret in result.output + result.error for result in results)
    assert not any("root:" in result.output for result in results)
    # What would follow did not run.
    assert [result.code for result in results[:-1]] == [0] * (len(results) - 1)


@pytest.mark.parametrize(
    ("lines", "output"),
    [
        attack(
            "setuid-program",
            "a container leaves a setuid program for the host",
            "comes back as a file of the builder, mode 644",
            [
                SHARED + "sh -c 'cp /bin/busybox su; chown 0:0 su; chmod 6755 su'",
                'test "$(stat -c %a su)" = 644 && test ! -x su && echo plain',
            ],
            "plain",
        ),
        attack(
            "owner",
            "a container leaves a file that belongs to somebody else",
            "comes back as the builder's",
            [
                SHARED + "sh -c 'echo x > f; chown 1234:1234 f; mkdir d; chown 1234 d'",
                'test "$(stat -c %u f d | sort -u)" = "$(id -u)" && echo mine',
            ],
            "mine",
        ),
        attack(
            "locked",
            "a container leaves files and folders that nobody may open or remove",
            "come back as modes 644 and 755",
            [
                SHARED + "sh -c 'mkdir d; echo x > d/f; chmod 000 d/f d'",
                "stat -c %a d d/f | xargs",
            ],
            "755 644",
        ),
        attack(
            "plug-in",
            "a container plants a plug-in of the docker command, which host steps call",
            "comes back as a file that nobody looks for or executes",
            [
                SHARED + "sh -c 'mkdir -p .docker/cli-plugins; cd .docker/cli-plugins;"
                ' printf "#!/bin/sh\\ntouch OUTSIDE/planted\\n" > docker-buildx;'
                " cp docker-buildx docker-compose; chmod 755 *'",
                "docker info -f '{{.OSType}}'",
            ],
            "linux",
        ),
        attack(
            "configuration",
            "a container plants the docker command's configuration with another engine",
            "comes back as a file that nobody reads",
            [
                SHARED + 'sh -c \'mkdir .docker; echo "{\\"currentContext\\": \\"evil\\"}"'
                " > .docker/config.json'",
                "docker info -f '{{.OSType}}'",
            ],
            "linux",
        ),
        attack(
            "capabilities",
            "a container leaves a program with capabilities of the file, and other attributes",
            "comes back without any",
            [
                "docker run --rm -v .:/w -w /w debian perl -e"
                ' \'open F, ">f"; close F; $f = "f"; $k = "security.capability";'
                " $v = pack('V5', 0x2000001, 0x3fffffff, 0, 0x1ff, 0);"
                " syscall(188, $f, $k, $v, 20, 0) and die; print 1'".replace("'V5'", '"V5"'),
                "python3 -c 'import os; print(os.listxattr(\"f\"))'",
            ],
            "[]",
        ),
        attack(
            "times",
            "a container leaves files of the years 1900 and 5138",
            "come back with the time of the copy",
            [
                "docker run --rm -v .:/w -w /w debian touch -d 1900-01-01 a",
                "docker run --rm -v .:/w -w /w debian touch -d @99999999999 b",
                "find . -type f -mmin -5 | wc -l",
            ],
            "2",
        ),
        attack(
            "names-that-a-shell-would-obey",
            "a container leaves names with escape sequences, `$(…)`, `;` and quotes in them",
            "come back under these names",
            [
                SHARED + 'sh -c \'touch "\\$(touch OUT)" ";id" "*" "~" ... ./--help'
                ' "$(printf "\\033[2Jx")" "$(printf "\\342\\200\\256x")"\'',
                "ls -A | wc -l",
            ],
            "8",
        ),
        attack(
            "whiteout-by-name",
            "a container leaves files of the names that stand for whiteouts in layers",
            "come back as files",
            [SHARED + "touch .wh.f .wh..wh..opq", "ls -A | xargs"],
            ".wh..wh..opq .wh.f",
        ),
        attack(
            "a-link-in-a-volume",
            "a mount's place in the container lies behind a link that a volume of its own has",
            "the link leads within the container",
            [
                "docker run --rm -v kshare-test-link:/v alpine ln -s OUTSIDE /v/l",
                "docker run --rm -v kshare-test-link:/v -v ./x:/v/l alpine touch /v/l/f",
                "ls x",
            ],
            "f",
        ),
        attack(
            "start-files",
            "a container plants start files of the shell",
            "come back as files that nobody reads",
            [
                SHARED + "sh -c 'for f in .bashrc .profile .bash_profile .bash_login .inputrc; do"
                ' echo "touch OUTSIDE/planted" > $f; done\'',
                "bash -ic true 2> /dev/null; bash -lc true; echo done",
            ],
            "done",
        ),
        attack(
            "program-of-a-known-name",
            "a container plants programs under the names that listed lines call",
            "come back without the right to be executed, outside of PATH",
            [
                SHARED + "sh -c 'for f in diff cat wc docker; do"
                ' printf "#!/bin/sh\\ntouch OUTSIDE/planted\\n" > $f; chmod 755 $f; done\'',
                "wc -l < /dev/null",
            ],
            "0",
        ),
        attack(
            "line-feed",
            "a container leaves a name with a line feed in it",
            "comes back under that name",
            [SHARED + "sh -c 'touch \"a\nb\"'".replace("\n", '$(printf "\\nx")'), "ls -1 | wc -l"],
            "2",
        ),
        attack(
            "long-name",
            "a container leaves a name of 255 bytes",
            "comes back under that name",
            [SHARED + "sh -c 'touch $(printf %0255d 0)'", "ls | tr -d '\\n' | wc -c"],
            "255",
        ),
        attack(
            "no-text-name",
            "a container leaves a name that is no UTF-8",
            "comes back under that name",
            [SHARED + "sh -c 'touch $(printf \"\\377\\376\")'", "ls | od -An -tx1 | xargs"],
            "ff fe 0a",
        ),
        attack(
            "option-as-a-name",
            "a container leaves a file called -rf and one called ..x",
            "come back under these names",
            [SHARED + "touch ./-rf ./..x", "ls -A | xargs"],
            "-rf ..x",
        ),
        attack(
            "unix-socket",
            "a container leaves a socket in the scratch folder",
            "does not come back",
            [
                (
                    "docker run --rm -v .:/w -w /w debian perl -MIO::Socket::UNIX -e"
                    ' \'IO::Socket::UNIX->new(Local => "s", Listen => 1) or die; print -S "s"\''
                ),
                "ls -A | wc -l",
            ],
            "0",
        ),
        attack(
            "detached",
            "a detached container goes on planting links while host steps run",
            "its copy never comes back",
            [
                "mkdir d",
                (
                    "docker run -d -v .:/w -w /w alpine sh -c"
                    " 'while :; do rm -rf d f; ln -s OUTSIDE d; ln -s /etc/shadow f; done'"
                ),
                "docker run --rm -v ./d:/x alpine ls -A /x",
                "find . -type l | wc -l",
            ],
            "0",
        ),
        attack(
            "read-only",
            "a container writes through a read-only mount",
            "the kernel refuses it; nothing comes back",
            [
                "echo mine > f",
                (
                    "docker run --rm -v .:/w:ro alpine sh -c"
                    " '(echo x > /w/f; mount -o remount,rw /w) 2> /dev/null; true'"
                ),
                "cat f",
            ],
            "mine",
        ),
        attack(
            "no-path-of-the-host",
            "a container looks for the host's scratch folder among its mounts",
            "there is none: it has a volume of its own",
            [SHARED + "grep -c '/kshare-[a-z0-9_]*/scratch' /proc/self/mountinfo > n", "cat n"],
            "0",
        ),
        attack(
            "second-name-of-a-file-of-the-host",
            "`> f`, where a host step gave a file of the host the name f as well (a hard link)",
            "a new file takes its place; that of the host is as it was",
            ["ln OUTSIDE/secret f", "docker run --rm alpine echo new > f", "cat f"],
            "new",
        ),
        attack(
            "output-beside-a-mount",
            "a container writes the file that also takes its output",
            "the output counts, as of the shell's own descriptor",
            [SHARED + "sh -c 'echo planted > f; echo said' > f", "cat f"],
            "said",
        ),
    ],
)
def test_harmless(place: Place, lines: list[str], output: str) -> None:
    if any("perl" in line for line in lines):
        lines = list(lines)
    results = place.run(lines)
    assert results[-1].output == output, results
    assert not any(result.error for result in results)
    assert not any(place.secret in result.output for result in results)


@pytest.mark.live
def test_copies_go_both_ways(place: Place) -> None:
    """What `docker run` does with a mount, as far as it can be seen from inside and afterwards."""
    results = place.run(
        [
            "mkdir d; echo one > d/kept; echo two > d/gone; echo file > f",
            "chmod 750 d; chmod 700 f",
            (
                "docker run --rm -v ./d:/w -v ./f:/etc/motd alpine sh -c"
                " 'cat /w/* /etc/motd; stat -c %a /w /etc/motd; rm /w/gone; echo more >> /w/kept;"
                " mkdir /w/new; echo three > /w/new/file; echo changed > /etc/motd'"
            ),
            "grep -r . d f | sort",
            "docker run --rm -v ./lost:/w alpine sh -c 'echo made > /w/f'",
            "cat lost/f",
            "docker run --rm -v $PWD:/w:ro alpine cat /w/lost/f /w/f",
        ]
    )
    assert {result.error for result in results} == {""}
    assert results[2].output == "two\none\nfile\n750\n700"
    assert results[3].output == "d/kept:more\nd/kept:one\nd/new/file:three\nf:changed"
    assert results[5].output == "made"
    assert results[6].output == "made\nchanged"


@pytest.mark.live
def test_variables_of_a_file(place: Place) -> None:
    """As docker/cli, opts/file.go reads them; what stands in the line itself comes later."""
    results = place.run(
        [
            r"printf '\357\273\277A=1\r\n  # no\n\n  B= x y \nC=file\nD=\342\200\250\n' > f",
            (
                "docker run --rm -e C=line --env-file f alpine sh -c"
                " 'echo \"[$A][$B][$C]\"; echo $D | od -An -tx1'"
            ),
        ]
    )
    assert results[1].output.splitlines()[0] == "[1][ x y ][line]"
