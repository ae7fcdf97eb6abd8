"""Redaction, stored captures, and floods of output."""

from __future__ import annotations

import pytest

from kshare_docs.data.capture import (
    Capture,
    ImageUse,
    Output,
    Provenance,
    Result,
    decode,
    encode,
)
from kshare_docs.data.needs import REMEDIES
from kshare_docs.machine.probes import PROBES
from kshare_docs.run.redact import Redaction
from kshare_docs.words import load_words

SECRETS = {
    "vm": "host",
    "workhorse": "host",
    "desk-7f3": "host",
    "alice": "user",
    "/home/alice": "home",
    "192.0.2.7": "ipv4",
    "2001:db8::7": "ipv6",
    "02:fc:00:00:00:01": "mac",
    "0123456789abcdef0123456789abcdef": "machine-id",
    "root": "user",
}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("vm", "‹host›"),
        ("kvm vm.swappiness vmlinuz vm-1", "kvm vm.swappiness vmlinuz vm-1"),
        ("on workhorse: 1", "on ‹host›: 1"),
        # An ordinary word that a host is called is not that host within words, paths, references.
        ("/vm vm/x ./vm /usr/lib/vm/bin C:\\vm\\x", "/vm vm/x ./vm /usr/lib/vm/bin C:\\vm\\x"),
        ("vm:latest kshare/vm:1 vm-image vm.img", "vm:latest kshare/vm:1 vm-image vm.img"),
        ("ID=vm --runtime=vm vm=1 ~vm +vm", "ID=vm --runtime=vm vm=1 ~vm +vm"),
        ("root@vm:~# ssh://vm/ http://vm:80", "root@‹host›:~# ssh://‹host›/ http://‹host›:80"),
        (
            "HOSTNAME=vm\nLinux vm 6.6 (vm) 'vm'",
            "HOSTNAME=‹host›\nLinux ‹host› 6.6 (‹host›) '‹host›'",
        ),
        ("/mnt/c/Users/alice/x USER=alice", "/mnt/c/Users/‹user›/x USER=‹user›"),
        # What is no ordinary word is told wherever it stands.
        ("/srv/desk-7f3/x desk-7f3:22 desk-7f3b", "/srv/‹host›/x ‹host›:22 desk-7f3b"),
        ("/home/alice/x of alice.", "‹home›/x of ‹user›."),
        ("inet 192.0.2.7/24 and 192.0.2.70", "inet ‹ipv4›/24 and 192.0.2.70"),
        ("inet6 2001:db8::7/64", "inet6 ‹ipv6›/64"),
        ("link/ether 02:fc:00:00:00:01 brd", "link/ether ‹mac› brd"),
        ("0123456789abcdef0123456789abcdef", "‹machine-id›"),
        ("root:x:0:0:root", "root:x:0:0:root"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    assert Redaction(SECRETS)(text) == shown


@pytest.mark.parametrize("name", ["vm", "debian", "host", "data", "linux"])
def test_a_host_named_by_an_ordinary_word_changes_no_other_output(name: str) -> None:
    """Outputs as the pages have them."""
    shown = "\n".join(
        f"/{name} /etc/{name}_version {name}s my{name} {name}-slim {name}:trixie-slim"
        f" docker.io/library/{name} {name}.conf ID={name} NAME_{name} {name}=1".split()
    )
    assert Redaction({name: "host"})(shown) == shown


def test_a_capture_is_stored_and_read_back() -> None:
    made = Capture(
        "one",
        (Result("uname -r", hidden=False, output="6.18", code=0, seconds=0.5),),
        (ImageUse("alpine", "alpine:3", "sha256:0", stand_in=False, id="sha256:1"),),
        Provenance("t", "6.18", "Linux version", "x86_64", "Debian", "unknown", "20", "o", "1"),
    )
    assert decode(encode(made)) == made
    assert encode(made) == encode(decode(encode(made)))
    for wrong in (encode(made)[:-20], b"{}", encode(made).replace(b'"schema": 4', b'"schema": 5')):
        with pytest.raises(ValueError, match=r"not a capture|schema 5"):
            decode(wrong)


def test_a_flood_keeps_head_and_tail() -> None:
    output = Output(head=10, tail=10)
    for number in range(1000):
        output.write(f"{number:03}\r\n".encode())
    text = output.text()
    assert text.startswith("000\n001\n")
    assert text.endswith("998\n999")
    assert "4980 bytes left out" in text


def test_both_languages_have_the_same_words() -> None:
    zh, en = load_words("zh"), load_words("en")
    assert zh.keys() == en.keys()
    assert zh["needs"].keys() == en["needs"].keys() == REMEDIES.keys() == PROBES.keys()
