"""The lab's machine: QEMU boots Debian 13 in software emulation; it runs one command and ends."""

from __future__ import annotations

import subprocess
from pathlib import Path

IMAGE = Path(__file__).parent / "image"
IMAGE_SECONDS = 600


def provide() -> Path:
    """The folder with the machine's kernel and disk, made now if need be."""
    made = subprocess.run(
        [IMAGE], stdout=subprocess.PIPE, text=True, timeout=IMAGE_SECONDS, check=False
    )
    assert made.returncode == 0, f"{IMAGE} failed, see above"
    return Path(made.stdout.strip())


def run(folder: Path, exchange: Path, command: str, seconds: int) -> str:
    """Boot, run a command, power off.

    Args:
        folder: What `provide` returns; nothing in it is changed.
        exchange: A folder that the machine sees as /exchange, and where it may leave files.
        command: For the machine's shell.
        seconds: After so many the machine is killed.

    Returns:
        What the command printed, on both streams.
    """
    (exchange / "command").write_text(command, encoding="utf-8")
    console = exchange / "console"
    # `timeout` ends the machine even where this process is killed. With more than this plain
    # processor, the emulation of 2022 panics now and then.
    machine: list[str | Path] = [
        *("timeout", "--kill-after=5", str(seconds), "qemu-system-x86_64"),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"),
        *("-accel", "tcg,thread=multi", "-cpu", "qemu64", "-smp", "2", "-m", "3072"),
        *("-kernel", folder / "vmlinuz", "-initrd", folder / "initrd"),
        *("-append", "root=/dev/vda rw init=/lab-init console=ttyS0 quiet panic=-1"),
        *("-drive", f"file={folder / 'disk'},format=raw,if=virtio,snapshot=on"),
        *("-virtfs", f"local,path={exchange},mount_tag=exchange,security_model=none"),
        *("-serial", f"file:{console}"),
    ]
    done = subprocess.run(machine, stdin=subprocess.DEVNULL, check=False)
    output = exchange / "output"
    said = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
    log = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
    code = exchange / "code"
    assert code.exists(), (
        f"the machine ended with {done.returncode} (124: {seconds} s were not enough) before its"
        f" command did\n{said[-3000:]}\n{log[-3000:]}"
    )
    assert code.read_text(encoding="ascii").strip() == "0", said
    return said
