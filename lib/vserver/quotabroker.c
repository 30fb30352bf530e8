// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * quotabroker - handles the disk quota of a virtual server for it (CAP_QUOTACTL; change log, 0.26).
 *
 *   NAME SOCKET CEILING SOURCE
 *
 * quotactl(2) asks for CAP_SYS_ADMIN, which a guest must not have. So the system call filter of a
 * session hands the call to this program, which runs on the root server, decides, and makes the call
 * in the caller's place (seccomp_unotify(2)). Descriptor SOCKET brings the listener of the filter
 * and the root directory of the guest, which is that of a file system of its own. CEILING is the
 * hexadecimal mask of the capabilities that root of the guest has, SOURCE what /proc/mounts names
 * for its root. It ends with the last process that has the filter; without it quotactl(2) answers
 * ENOSYS.
 *
 * The caller is hostile. Nothing that it names is opened or looked up: its device name is compared
 * with those that it is shown, its descriptor with the file system of the root. Its process
 * is reached through descriptors that were opened before the kernel confirmed that the same call
 * still waits: neither a new process with that number nor another program that it becomes is
 * taken for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/dqblk_xfs.h>
#include <linux/filter.h>
#include <linux/quota.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAILED 255
#define DEVICE "/dev/hdv1"      /* what holds "/" in the mtab of every guest */
#define LONGEST 256             /* of device names */

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#else
#error the audit number of this machine is missing
#endif

static int listener, root;      /* the filter's; the guest's root directory */
static struct statx root_status;
static uint64_t ceiling;
static const char *source;

/* ---- what can be asked for ---------------------------------------------------------------- */

/* Who may ask, as in check_quotactl_permission() of the kernel, and which way the data go. */
enum { ANYBODY = 1, OWN = 2, TAKES = 4, TELLS = 8, ONE_LAYOUT = 16 };

static const struct operation {
	uint32_t command;
	uint16_t size;          /* without what pads it on some machines only */
	uint16_t traits;
} operations[] = {
	{ Q_SYNC, 0, ANYBODY },
	{ Q_GETFMT, sizeof(uint32_t), ANYBODY | TELLS },
	{ Q_GETINFO, sizeof(struct if_dqinfo), ANYBODY | TELLS },
	{ Q_SETINFO, sizeof(struct if_dqinfo), TAKES },
	{ Q_GETQUOTA, offsetof(struct if_dqblk, dqb_valid) + 4, OWN | TELLS },
	{ Q_SETQUOTA, offsetof(struct if_dqblk, dqb_valid) + 4, TAKES },
	{ Q_GETNEXTQUOTA, sizeof(struct if_nextdqblk), TELLS },
	{ Q_XGETQUOTA, sizeof(struct fs_disk_quota), OWN | TELLS },
	{ Q_XSETQLIM, sizeof(struct fs_disk_quota), TAKES },
	{ Q_XGETNEXTQUOTA, sizeof(struct fs_disk_quota), TELLS },
	{ Q_XGETQSTAT, sizeof(struct fs_quota_stat), ANYBODY | TELLS | ONE_LAYOUT },
};

union data {
	uint32_t format;
	struct if_dqinfo info;
	struct if_dqblk limits;
	struct if_nextdqblk next;
	struct fs_disk_quota xfs_limits;
	struct fs_quota_stat xfs_state;
};

struct call {
	const struct operation *operation;
	uint32_t type, id;
	uint64_t where, address;        /* the device's name or a descriptor; the data */
	int by_descriptor;
};

static const struct operation *find(uint32_t command, uint32_t machine)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		const struct operation *one = &operations[i];
		if (one->command == command)
			return one->traits & ONE_LAYOUT && machine != MACHINE ? NULL : one;
	}
	return NULL;
}

static int decode(const struct seccomp_data *data, struct call *call)
{
	int by_descriptor = data->nr == SYS_quotactl_fd;
	uint32_t command = data->args[by_descriptor];

	*call = (struct call){
		.operation = find(command >> SUBCMDSHIFT, data->arch),
		.type = command & SUBCMDMASK,
		.id = data->args[2],
		.where = data->args[!by_descriptor],
		.address = data->args[3],
		.by_descriptor = by_descriptor,
	};
	return call->operation && call->type <= GRPQUOTA;
}

/* ---- the caller --------------------------------------------------------------------------- */

static int look(int directory, const char *path, struct statx *status)
{
	return syscall(SYS_statx, directory, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		       STATX_BASIC_STATS, status);
}

static int same_device(const struct statx *one, const struct statx *other)
{
	return one->stx_dev_major == other->stx_dev_major && one->stx_dev_minor == other->stx_dev_minor;
}

/* Is it the file system of the guest's root that the call is about? 0, or the error. */
static int check_target(int process, int memory, const struct call *call)
{
	char name[LONGEST] = "", path[32];
	struct statx status;

	if (call->by_descriptor) {
		snprintf(path, sizeof path, "fd/%u", (uint32_t)call->where);
		if (look(process, path, &status) < 0)
			return EBADF;
		return same_device(&status, &root_status) ? 0 : EPERM;
	}
	if (!call->where)       /* all file systems: of those it has one */
		return call->operation->command == Q_SYNC ? 0 : ENODEV;
	if (pread(memory, name, sizeof name - 1, call->where) <= 0)
		return EFAULT;
	return strcmp(name, DEVICE) && strcmp(name, source) ? ENODEV : 0;
}

static const char *field(const char *status, const char *name)
{
	const char *found = strstr(status, name);

	return found ? found + strlen(name) : "";
}

static uint32_t effective(const char *ids)      /* the second of four */
{
	char *rest;

	strtoul(ids, &rest, 10);
	return strtoul(rest, NULL, 10);
}

static int is_listed(const char *ids, uint32_t id)
{
	char *rest;

	for (;;) {
		unsigned long one = strtoul(ids, &rest, 10);
		if (rest == ids)
			return 0;
		if (one == id)
			return 1;
		ids = rest;
	}
}

/* Root with all that root has in there: one that has dropped some of it has dropped this, too. */
static int is_root(const char *status)
{
	uint64_t capabilities = strtoull(field(status, "\nCapEff:\t"), NULL, 16);

	return effective(field(status, "\nUid:\t")) == 0 && (capabilities & ceiling) == ceiling;
}

static int is_own(const char *status, uint32_t type, uint32_t id)
{
	if (type == USRQUOTA)
		return effective(field(status, "\nUid:\t")) == id;
	return effective(field(status, "\nGid:\t")) == id || is_listed(field(status, "\nGroups:\t"), id);
}

/* All of it, or nothing: who is in thousands of groups is nobody here. */
static int read_status(int process, char *status, size_t size)
{
	int file = openat(process, "status", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	if (file < 0)
		return 0;
	while (length < size - 1 && (n = read(file, status + length, size - 1 - length)) > 0)
		length += n;
	status[length] = 0;
	close(file);
	return length > 0 && length < size - 1;
}

/* May the caller do that? Its user ids mean the same here, in a user namespace of ours, too. */
static int is_permitted(int process, const struct call *call)
{
	char status[16384];

	if (call->operation->traits & ANYBODY)
		return 1;
	if (!read_status(process, status, sizeof status))
		return 0;
	return is_root(status)
		|| (call->operation->traits & OWN && is_own(status, call->type, call->id));
}

/* ---- the call ----------------------------------------------------------------------------- */

static int still_waits(uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int transfer_in(int memory, const struct call *call, union data *data)
{
	ssize_t size = call->operation->size;

	return !(call->operation->traits & TAKES) || pread(memory, data, size, call->address) == size;
}

static int transfer_out(int memory, const struct call *call, const union data *data)
{
	ssize_t size = call->operation->size;

	return !(call->operation->traits & TELLS) || pwrite(memory, data, size, call->address) == size;
}

static int serve(int process, int memory, const struct call *call, uint64_t id)
{
	union data data = { 0 };
	int error = check_target(process, memory, call);
	int permitted = is_permitted(process, call);
	int complete = transfer_in(memory, call, &data);

	if (!still_waits(id))
		return ESRCH;           /* what was read may be another's; nobody hears this */
	if (error || !permitted)
		return error ? error : EPERM;
	if (!complete)
		return EFAULT;
	if (syscall(SYS_quotactl_fd, root, QCMD(call->operation->command, call->type), call->id,
		    &data) < 0)
		return errno;
	return transfer_out(memory, call, &data) ? 0 : EFAULT;
}

static int answer_to(const struct seccomp_notif *asked)
{
	struct call call;
	char name[16];
	int error = EPERM;

	if (!decode(&asked->data, &call))
		return EPERM;
	snprintf(name, sizeof name, "%u", asked->pid);
	int process = openat(AT_FDCWD, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int memory = openat(process, "mem", O_RDWR | O_CLOEXEC);
	if (memory >= 0) {
		error = serve(process, memory, &call, asked->id);
		close(memory);
	}
	close(process);
	return error;
}

/* The call may have been interrupted, or its process killed, at any of these steps. */
static void take_call(void)
{
	struct seccomp_notif asked = { 0 };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return;
	struct seccomp_notif_resp answer = { .id = asked.id, .error = -answer_to(&asked) };
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static int attend(void)
{
	struct pollfd watched = { listener, POLLIN, 0 };

	for (;;) {
		if (poll(&watched, 1, -1) < 0)
			continue;
		if (watched.revents & POLLIN)
			take_call();
		else
			return 0;
	}
}

/* ---- before that -------------------------------------------------------------------------- */

/* False when who was about to enter did not. */
static int receive(int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char byte;
	struct iovec vector = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control,
	};

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		return 0;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return 0;
	memcpy(&listener, CMSG_DATA(header), sizeof(int));
	memcpy(&root, CMSG_DATA(header) + sizeof(int), sizeof(int));
	close(socket);
	return 1;
}

static int keep_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const uint32_t kept = 1 << CAP_SYS_ADMIN | 1 << CAP_SYS_PTRACE | 1 << CAP_DAC_OVERRIDE;
	struct __user_cap_data_struct sets[2] = { { kept, kept, 0 } };

	return syscall(SYS_capset, &header, sets);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), ANSWER(SECCOMP_RET_ALLOW)

static int keep_system_calls(void)
{
	struct sock_filter code[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
#ifdef SYS_poll
		ALLOW(poll),
#endif
		ALLOW(ppoll), ALLOW(restart_syscall), ALLOW(ioctl), ALLOW(openat), ALLOW(close),
		ALLOW(read), ALLOW(pread64), ALLOW(pwrite64), ALLOW(statx), ALLOW(quotactl_fd),
		ALLOW(exit_group),
		ANSWER(SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		|| prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* All that is in sight from now on is /proc, by numbers. */
static int settle(void)
{
	return chroot("/proc") || chdir("/") || look(root, "", &root_status) || keep_capabilities()
		|| keep_system_calls();
}

static int is_socket(int fd)
{
	int type;
	socklen_t length = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
}

static int usage(void)
{
	dprintf(STDERR_FILENO, "quotabroker: to be started by vserver: "
		"quotabroker SOCKET CEILING SOURCE\n");
	return FAILED;
}

int main(int argc, char **argv)
{
	if (argc != 4 || !is_socket(atoi(argv[1])))
		return usage();
	pid_t child = fork();           /* nobody waits for it */
	if (child)
		return child < 0 ? FAILED : 0;
	setsid();
	ceiling = strtoull(argv[2], NULL, 16);
	source = argv[3];
	if (!receive(atoi(argv[1])))
		return 0;
	return settle() ? FAILED : attend();
}
