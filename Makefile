# vserver: what there is to do. `make` lists it.

DESTDIR =
PREFIX = /usr
USR_SBIN = $(PREFIX)/sbin
USR_LIB_VSERVER = $(PREFIX)/lib/vserver
MANDIR = $(PREFIX)/share/man
UNITDIR = $(PREFIX)/lib/systemd/system
DOCDIR = $(PREFIX)/share/doc/vserver

PYTHON = /usr/bin/python3
CLANG = clang
CC = gcc
STATIC_CC = $(or $(shell command -v musl-gcc),$(CC))
MULTIARCH = $(shell $(CC) -print-multiarch 2>/dev/null)
# the kernel's headers, last, so that a C library of its own (musl) keeps its own
KERNEL_HEADERS = -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)
PYTEST = $(PYTHON) -m pytest
JOBS = 2

RUNTIME_DEPS = python3 python3-sh python3-pyroute2 python3-seccomp libbpf1 iproute2
RECOMMENDED = procps psmisc rpm rsync openssh-client
BUILD_DEPS = clang gcc libc6-dev linux-libc-dev libbpf-dev musl-tools
TEST_DEPS = python3-pytest python3-pytest-bdd python3-pytest-xdist python3-mypy python3-pip \
	python3-prctl python3-configobj \
	shellcheck busybox-static bash-static mmdebstrap strace e2fsprogs procps util-linux man-db \
	netcat-openbsd openssh-client psmisc wget rpm rsync dropbear-bin libcap2-bin acl attr \
	btrfs-progs xfsprogs quota nftables iputils-ping
DEPS = $(RUNTIME_DEPS) $(BUILD_DEPS) $(TEST_DEPS)
PEERS = crun lxc netavark podman runc systemd-container jdupes rdfind duperemove
QEMU = qemu-system-$(if $(filter aarch64,$(shell uname -m)),arm,x86)
RUFF_VERSION = 0.12.12
RUFF = build/ruff/bin/ruff

BUILD_TOOLS = lib/vserver/install-fix.sh lib/vserver/seccomp_build.py
PROGRAMS = $(wildcard bin/*)
PRIVATE = $(filter-out %.py %.c $(BUILD_TOOLS),$(shell find lib/vserver -maxdepth 1 -type f))
MODULES = $(filter-out $(BUILD_TOOLS),$(shell find lib/vserver -name '*.py'))
COMPILED = $(patsubst lib/vserver/%.c,build/bin/%,$(wildcard lib/vserver/*.c)) \
	$(patsubst lib/vserver/bpf/%.bpf.c,build/bpf/%.o,$(wildcard lib/vserver/bpf/*.bpf.c)) \
	$(if $(wildcard lib/vserver/seccomp_build.py),build/seccomp/.made)
DOCUMENTS = LICENSE $(wildcard *.md docs/*)
LAUNCHERS = $(shell grep -lIE '^\#!.*python' $(PROGRAMS) $(PRIVATE) init.d/*)
SHELL_FILES = $(shell grep -rlIE --exclude='*.py' --exclude-dir=scripts-2003 '^\#!.*/(ba|da)?sh' bin lib etc init.d packaging tests .ci)
VERSION = $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' lib/vserver/__init__.py)

ROOT = $(abspath $(DESTDIR))/
IMAGE = $(CURDIR)/build/image
DEBS = build
IMAGE_LIB = $(IMAGE)$(USR_LIB_VSERVER)
MANIFEST = $(USR_LIB_VSERVER)/.manifest

.ONESHELL:
.SHELLFLAGS = -euc
.PHONY: help deps build image install uninstall deb lint format test bench vm-test demo \
	coverage-changelog clean

help:  # this list
	@awk -F ':.*  # ' '/^[a-z-]+:.*  # / { printf "  make %-20s%s\n", $$1, $$2 }' Makefile
	echo
	echo '  install and uninstall take DESTDIR, PREFIX, USR_SBIN and USR_LIB_VSERVER'

deps:  # install what building and testing need (Debian; nothing to do when it is there)
	@if ! command -v dpkg-query >/dev/null; then
	    echo 'deps: no dpkg here; install the counterparts of:' $(DEPS) >&2
	    exit
	fi
	missing=$$(dpkg-query -W -f '$${Status} $${Package}\n' 2>/dev/null |
	    awk 'BEGIN { for (i = 1; i < ARGC; i++) want[ARGV[i]]; ARGC = 1 }
	        /^install ok installed / { delete want[$$4] }
	        END { for (package in want) print package }' $(DEPS))
	[ -n "$$missing" ] || exit 0
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
	export DEBIAN_FRONTEND=noninteractive
	$$sudo apt-get -q update </dev/null
	$$sudo apt-get -q -y --no-install-recommends install $$missing </dev/null

build: $(COMPILED)  # compile the few pieces that are C

build/bin/%: lib/vserver/%.c
	@mkdir -p $(@D)
	$(STATIC_CC) -static -Os -s -Wall -Wextra -DVERSION='"$(VERSION)"' $(KERNEL_HEADERS) -o $@ $<

build/bpf/%.o: lib/vserver/bpf/%.bpf.c $(wildcard lib/vserver/bpf/*.h)
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -Wall -target bpf -mcpu=v3 $(KERNEL_HEADERS) -c -o $@ $<

build/seccomp/.made: lib/vserver/seccomp_build.py $(wildcard lib/vserver/kernel/*seccomp*.py)
	@mkdir -p $(@D)
	PYTHONPATH=lib $(PYTHON) $< $(@D)
	touch $@

# The package as it will lie on the machine: relocated, byte-compiled and listed.
image: build
	@rm -rf $(IMAGE)
	umask 022
	put() {  # MODE DIRECTORY FILE...
	    mode=$$1 dir=$(IMAGE)$$2
	    shift 2
	    [ $$# = 0 ] || install -D -m $$mode -t $$dir "$$@"
	}
	put 755 $(USR_SBIN) $(PROGRAMS)
	for file in $(PRIVATE); do
	    mode=644
	    [ ! -x $$file ] || mode=755
	    put $$mode $(USR_LIB_VSERVER) $$file
	done
	mkdir -p $(IMAGE_LIB)/python
	(cd lib && cp --parents $(MODULES:lib/%=%) $(IMAGE_LIB)/python)
	put 755 $(USR_LIB_VSERVER) $(filter build/bin/%,$(COMPILED))
	put 644 $(USR_LIB_VSERVER)/bpf $(filter build/bpf/%,$(COMPILED))
	[ ! -e build/seccomp/.made ] || put 644 $(USR_LIB_VSERVER)/seccomp build/seccomp/*
	mkdir -p $(IMAGE)/etc
	cp -R etc/. $(IMAGE)/etc/
	put 755 /etc/init.d $(wildcard init.d/*)
	put 644 $(UNITDIR) systemd/vservers.service systemd/rebootmgr.service
	for service in $(patsubst init.d/v_%,%,$(wildcard init.d/v_*)); do
	    sed "s/SERVICE/$$service/g" systemd/v_SERVICE.service >$(IMAGE)$(UNITDIR)/v_$$service.service
	done
	for page in $(wildcard man/*.[1-9]); do
	    put 644 $(MANDIR)/man$${page##*.} $$page
	done
	put 644 $(DOCDIR) $(DOCUMENTS)
	grep -rlIE '^[[:blank:]]*USR_[A-Z_]+ *=' $(IMAGE) |
	    xargs sh lib/vserver/install-fix.sh $(USR_SBIN) $(USR_LIB_VSERVER)
	$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash -s $(IMAGE) -p / $(IMAGE_LIB)/python
	cd $(IMAGE)
	find . -type f ! -path .$(MANIFEST) -exec sha256sum {} + | sort -k 2 >$(IMAGE).manifest
	mv $(IMAGE).manifest .$(MANIFEST)

install: image  # install below DESTDIR (default: on this machine)
	@packaging/install $(IMAGE) $(ROOT) $(MANIFEST)

uninstall:  # remove what install put there; changed configuration stays
	@packaging/uninstall $(ROOT) $(MANIFEST) $(USR_LIB_VSERVER) $(DOCDIR) /etc/vservers /etc/vservices /var/cache/vserver

deb: image  # Debian packages in build/
	packaging/deb $(IMAGE) $(VERSION) '$(RUNTIME_DEPS)' '$(RECOMMENDED)' $(DEBS)

$(RUFF):
	$(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action ignore \
	    --target build/ruff ruff==$(RUFF_VERSION)

lint: deps $(RUFF)  # ruff, mypy and shellcheck
	$(RUFF) check -q . $(LAUNCHERS)
	$(RUFF) format -q --check . $(LAUNCHERS)
	$(PYTHON) -m mypy lib/vserver tests
	shellcheck $(SHELL_FILES)

format: $(RUFF)  # let ruff lay out the Python files
	$(RUFF) check -q --fix . $(LAUNCHERS)
	$(RUFF) format -q . $(LAUNCHERS)

test: deps build  # the whole suite, as root, in throw-away copies of this machine
	$(PYTEST) -n $(JOBS) $(ARGS)

bench: DEPS += $(PEERS)
bench: deps build  # how long the commands take, beside those of other programs
	$(PYTHON) tests/bench/run.py $(ARGS)

vm-test: private VM_PACKAGES := $(filter-out clang mmdebstrap python3-mypy python3-pip shellcheck,$(DEPS))
vm-test: DEPS += $(QEMU)
vm-test: deps build  # the suite, and servers that boot, in virtual machines with a stock kernel
	VM_PACKAGES='$(VM_PACKAGES)' VM_RUNTIME='$(RUNTIME_DEPS)' $(PYTHON) tests/vm/run.py $(ARGS)

demo: deps build  # a guest built, started and entered in a throw-away copy of this machine
	@PYTHONPATH=tests:lib $(PYTHON) tests/demo.py $(ARGS)

coverage-changelog:  # which behaviours of features/changelog.csv have a scenario
	@$(PYTHON) tests/coverage_changelog.py $(ARGS)

clean:  # remove what was built
	rm -rf build
