"""The parts of the virtual machine: Debian's stock kernel, an initramfs and a disk with Debian.

All of them lie in build/vm and are made once; only the archive of the project is made for
every run.
"""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

from guests import debian, write_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = os.path.realpath(f"{__file__}/../../..")
BUILD = f"{REPOSITORY}/build/vm"
KERNEL = f"{BUILD}/kernel"
PROJECT = "/srv/vserver"  # where the machine has this repository

DISK_SIZE = 4 << 30  # sparse
SYSTEM = ("kmod", "make", "systemd-sysv", "udev")
# What the initramfs loads, in this order, to reach the disk.
DISK_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_mmio",
    "virtio_blk",
)
INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
case $(/bin/busybox cat /proc/cmdline) in
*accelerated*) echo accelerated; /bin/busybox poweroff -f ;;
esac
for module in MODULES; do /bin/busybox insmod /modules/$module.ko || exit; done
while [ ! -b /dev/vda ]; do /bin/busybox usleep 10000; done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /sbin/init
"""
# The weights make systemd hand out the cgroup controllers, as on any server that uses them.
UNIT = f"""\
[Unit]
Description=The tests of vserver

[Service]
StandardError=journal+console
CPUWeight=100
IOWeight=100
ExecStart=/bin/sh -c 'tar -xf /dev/vdb -C {PROJECT} && exec sh {PROJECT}/tests/vm/inside'
"""
FILES = {
    "etc/fstab": "",
    "etc/hostname": "vm\n",
    "etc/hosts": "127.0.0.1 localhost vm\n",
    "etc/modules-load.d/tests.conf": "virtio_console\n",
    "etc/systemd/system/vserver-tests.service": UNIT,
    f"{PROJECT[1:]}/": "",
}


def kernel() -> str:
    """The release of Debian's newest cloud kernel, unpacked in KERNEL unless it is there."""
    if not glob.glob(f"{KERNEL}/boot/vmlinuz-*"):
        os.makedirs(KERNEL, exist_ok=True)
        package = _newest_kernel_package()
        subprocess.run(["apt-get", "-q", "download", package], cwd=BUILD, check=True)
        for archive in glob.glob(f"{BUILD}/linux-image-*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, KERNEL], check=True)
            os.unlink(archive)
    return os.listdir(f"{KERNEL}/lib/modules")[0]


def _newest_kernel_package() -> str:
    """What the package that stands for the newest kernel depends on."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    command = ["apt-cache", "depends", "--important", f"linux-image-cloud-{architecture}"]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return next(word for word in words if word.startswith("linux-image-6"))


def initramfs() -> str:
    """The path of an initramfs that mounts /dev/vda and goes on there."""
    path = f"{BUILD}/initramfs-{_key(kernel(), INIT, DISK_MODULES)}"
    if not os.path.exists(path):
        _make_initramfs(f"{path}.new")
        os.rename(f"{path}.new", path)
    return path


def _make_initramfs(path: str) -> None:
    tree = f"{BUILD}/initramfs.d"
    shutil.rmtree(tree, ignore_errors=True)
    write_tree(tree, {"init": INIT.replace("MODULES", " ".join(DISK_MODULES)), "modules/": ""})
    os.mkdir(f"{tree}/bin")
    shutil.copy("/bin/busybox", f"{tree}/bin/busybox")
    for module in DISK_MODULES:
        [source] = glob.glob(f"{KERNEL}/lib/modules/*/kernel/drivers/*/{module}.ko")
        shutil.copy(source, f"{tree}/modules")
    pack = f"cd {tree} && find . | busybox cpio -o -H newc >{path}"
    subprocess.run(["sh", "-c", pack], check=True, stderr=subprocess.DEVNULL)
    shutil.rmtree(tree)


def disk(packages: Sequence[str]) -> str:
    """The path of a disk image with Debian, ``packages`` and the kernel's modules."""
    release = kernel()
    source = debian.tree((*SYSTEM, *packages))
    systems = [debian.tree(), debian.tree(debian.ROOT_SERVER)]
    path = f"{BUILD}/disk-{_key(source, systems, release, FILES)}"
    if not os.path.exists(path):
        tree = f"{BUILD}/disk.d"
        _assemble(tree, source, systems)
        make_file_system(f"{path}.new", tree)
        os.rename(f"{path}.new", path)
    return path


def make_file_system(path: str, tree: str) -> None:
    """Move what is in ``tree`` to the new disk image ``path``."""
    with open(path, "wb") as image:
        image.truncate(DISK_SIZE)
    options = ["-q", "-F", "-t", "ext4", "-d", tree]
    subprocess.run(["mke2fs", *options, path], check=True)
    shutil.rmtree(tree)


def copy_system(source: str, tree: str) -> None:
    """Make ``tree`` a copy of the Debian system ``source`` that has the kernel's modules."""
    release = kernel()
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, tree], check=True)
    os.makedirs(f"{tree}/lib/modules", exist_ok=True)
    modules = f"{KERNEL}/lib/modules/{release}"
    subprocess.run(["cp", "-a", modules, f"{tree}/lib/modules"], check=True)
    subprocess.run(["chroot", tree, "depmod", release], check=True)


def _assemble(tree: str, source: str, systems: Sequence[str]) -> None:
    """Put together in ``tree`` what the disk is to hold, ``systems`` for test hosts and guests."""
    copy_system(source, tree)
    write_tree(tree, FILES)
    cache = f"{tree}{PROJECT}/build/guests"
    os.makedirs(cache)
    subprocess.run(["cp", "-a", "--reflink=auto", *systems, cache], check=True)
    wants = f"{tree}/etc/systemd/system/multi-user.target.wants"
    os.symlink("../vserver-tests.service", f"{wants}/vserver-tests.service")


def project(run: str, arguments: str) -> str:
    """The path of an archive of this repository, made in the directory ``run``.

    In it the file vm-arguments has the ``arguments`` for pytest.
    """
    path = f"{run}/project.tar"
    write_tree(run, {"vm-arguments": arguments})
    left_out = ("./build/vm", "./build/guests", "./build/ruff", "./build/image", "__pycache__")
    options = [f"--exclude={name}" for name in left_out]
    what = ["-C", run, "./vm-arguments", "-C", REPOSITORY, "."]
    subprocess.run(["tar", *options, "-cf", path, *what], check=True)
    return path


def _key(*parts: object) -> str:
    """A name for what is made of ``parts``."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
