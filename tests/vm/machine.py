"""The virtual machine as qemu sees it: its command line, and whether KVM is of any use."""

from __future__ import annotations

import functools
import os
import platform
import subprocess

from vm import image

ARCHITECTURE = platform.machine()
MACHINE = {"x86_64": "q35", "aarch64": "virt"}
CONSOLE = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}
MEMORY = os.environ.get("VM_MEMORY", "4096")
CPUS = os.environ.get("VM_CPUS", str(os.cpu_count()))
COMMON_ARGUMENTS = "root=/dev/vda rw quiet mitigations=off apparmor=0"


def command(kernel_arguments: str, console: str, *devices: str) -> list[str]:
    """The command that boots Debian with ``kernel_arguments`` added to those of every boot.

    The file ``console`` gets what appears on the console; ``devices`` are words of ``disk`` and
    ``ports``.
    """
    words = _qemu(accelerator(), f"{COMMON_ARGUMENTS} {kernel_arguments}")
    return [*words, *devices, "-serial", f"file:{console}", "-monitor", "none"]


def disk(path: str, option: str) -> list[str]:
    """The next of /dev/vda, /dev/vdb and so on."""
    return ["-drive", f"if=virtio,format=raw,file={path},{option}"]


def ports(**files: str) -> list[str]:
    """Ports /dev/virtio-ports/NAME of the machine, and the files that take what it writes."""
    words = ["-device", "virtio-serial-pci"]
    for name, file in files.items():
        words += ["-chardev", f"file,id={name},path={file}"]
        words += ["-device", f"virtserialport,chardev={name},name={name}"]
    return words


@functools.cache
def accelerator() -> str:
    """``kvm`` where a kernel gets as far as its first program with it, else ``tcg``.

    A /dev/kvm that can be opened says little: nested virtualization may be incomplete.
    """
    words = [*_qemu("kvm", "accelerated quiet"), "-serial", "stdio", "-monitor", "none"]
    try:
        result = subprocess.run(
            words, capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return "tcg"
    return "kvm" if b"accelerated" in result.stdout else "tcg"


def _qemu(accelerator: str, kernel_arguments: str) -> list[str]:
    """The command that boots the kernel with ``kernel_arguments``, without any device yet."""
    options = {
        "-M": MACHINE[ARCHITECTURE],
        "-accel": "tcg,thread=multi" if accelerator == "tcg" else accelerator,
        "-cpu": "max",
        "-m": MEMORY,
        "-smp": CPUS,
        "-display": "none",
        "-kernel": f"{image.KERNEL}/boot/vmlinuz-{image.kernel()}",
        "-initrd": image.initramfs(),
        "-append": f"console={CONSOLE[ARCHITECTURE]} panic=-1 {kernel_arguments}",
        "-device": "virtio-rng-pci",
        "-nic": "none",
    }
    words = [word for option in options.items() for word in option]
    return [f"qemu-system-{ARCHITECTURE}", "-nodefaults", "-no-reboot", *words]
