"""`make vm-test`: the test suite in a virtual machine with Debian's stock cloud kernel.

The machine has what a fresh Debian server has: systemd, cgroup v2 alone on /sys/fs/cgroup, the
kernel's modules. It needs no network. Arguments are pytest's; the output is pytest's as well,
and so is the status. Environment: VM_PACKAGES (what to install in the machine), VM_TIMEOUT (in
seconds), VM_MEMORY (in MiB), VM_CPUS.

Without arguments it runs all that depends on the machine (tests/unit does not), if there is a
/dev/kvm that works. Without one the processor is emulated, ten times slower or so, and the
features that only look at files and words are left out to stay within half an hour.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.realpath(f"{__file__}/../.."))

from vm import image

MACHINE = {"x86_64": "q35", "aarch64": "virt"}
CONSOLE = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}
PACKAGES = os.environ.get("VM_PACKAGES", "")
TIMEOUT = float(os.environ.get("VM_TIMEOUT", "5000"))
MEMORY = os.environ.get("VM_MEMORY", "4096")
CPUS = os.environ.get("VM_CPUS", str(os.cpu_count()))
TESTS = {
    "kvm": ["tests/kernel", "tests/features"],
    "tcg": [
        "tests/kernel",
        *(
            f"tests/features/test_{tool}.py"
            for tool in (
                "aliases",
                "chbind",
                "chcontext",
                "iproot",
                "netns",
                "reducecap",
                "vserver",
            )
        ),
    ],
}
NO_RESULT = 125
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Make what is missing, run the machine, and return the status of pytest inside it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # and qemu with us
    os.makedirs(image.BUILD, exist_ok=True)
    with open(f"{image.BUILD}/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        disk = image.disk(PACKAGES.split())
        image.initramfs()
    accelerator = _accelerator()
    print(f"vm-test: {MACHINE[platform.machine()]} machine by {accelerator}", flush=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=image.BUILD) as run:
        arguments = sys.argv[1:] or ["-n", CPUS, *TESTS[accelerator]]
        project = image.project(run, shlex.join(arguments))
        _boot(accelerator, run, disk, project)
        return _result(run)


def _boot(accelerator: str, run: str, disk: str, project: str) -> None:
    """Run the machine to its end; ``run`` gets pytest's status and the console's text."""
    command = _qemu(accelerator, "root=/dev/vda rw quiet mitigations=off apparmor=0")
    command += _disk(disk, "snapshot=on") + _disk(project, "readonly=on")
    command += _ports(output="/dev/stdout,append=on", status=f"{run}/status")
    command += ["-serial", f"file:{run}/console", "-monitor", "none"]
    try:
        subprocess.run(command, check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print(f"vm-test: no end after {TIMEOUT:.0f} s", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"vm-test: qemu ended with status {error.returncode}", file=sys.stderr)


def _accelerator() -> str:
    """``kvm`` where a kernel gets as far as its first program with it, else ``tcg``.

    A /dev/kvm that can be opened says little: nested virtualization may be incomplete.
    """
    command = [*_qemu("kvm", "accelerated quiet"), "-serial", "stdio", "-monitor", "none"]
    try:
        result = subprocess.run(
            command, capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return "tcg"
    return "kvm" if b"accelerated" in result.stdout else "tcg"


def _qemu(accelerator: str, kernel_arguments: str) -> list[str]:
    """The command that boots the kernel with ``kernel_arguments``, without any device yet."""
    machine = platform.machine()
    release = image.kernel()
    options = {
        "-M": MACHINE[machine],
        "-accel": "tcg,thread=multi" if accelerator == "tcg" else accelerator,
        "-cpu": "max",
        "-m": MEMORY,
        "-smp": CPUS,
        "-display": "none",
        "-kernel": f"{image.KERNEL}/boot/vmlinuz-{release}",
        "-initrd": image.initramfs(),
        "-append": f"console={CONSOLE[machine]} panic=-1 {kernel_arguments}",
        "-device": "virtio-rng-pci",
        "-nic": "none",
    }
    words = [word for option in options.items() for word in option]
    return [f"qemu-system-{machine}", "-nodefaults", "-no-reboot", *words]


def _disk(path: str, option: str) -> list[str]:
    return ["-drive", f"if=virtio,format=raw,file={path},{option}"]


def _ports(**files: str) -> list[str]:
    """Ports /dev/virtio-ports/NAME of the machine, and the files that take what it writes."""
    words = ["-device", "virtio-serial-pci"]
    for name, file in files.items():
        words += ["-chardev", f"file,id={name},path={file}"]
        words += ["-device", f"virtserialport,chardev={name},name={name}"]
    return words


def _result(run: str) -> int:
    """What the machine left in ``run`` as pytest's status."""
    try:
        with open(f"{run}/status", encoding="ascii") as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        with open(f"{run}/console", encoding="utf-8", errors="replace") as console:
            print(console.read(), file=sys.stderr)
        print("vm-test: the machine ended without a result; above is its console", file=sys.stderr)
        return NO_RESULT


if __name__ == "__main__":
    sys.exit(main())
