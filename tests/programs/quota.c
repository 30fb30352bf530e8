/*
 * quota - handle disk quota by the bare system call, and tell what came of it.
 *
 *   quota [-s SPECIAL] [-f FILE] [-a ADDRESS] [-i] [-g] [-u UID] [-d CAPABILITY] [-n COUNT]
 *         COMMAND [ID [BLOCKS]]
 *
 * COMMAND is get, set, next, info, setinfo, format, sync, on, or a number. -s is the device (none
 * for ""), -f a file instead, by quotactl_fd(2), -a an address instead of the data's, -i the call
 * of a 32-bit program, -g groups, -u another user, -d one capability less, -n how many times. The
 * answer is "ok", with the hard limit of blocks or the format, or the name of the error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/quota.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#define I386_QUOTACTL 131

static const struct {
	const char *name;
	unsigned number;
} commands[] = {
	{ "get", Q_GETQUOTA }, { "set", Q_SETQUOTA }, { "next", Q_GETNEXTQUOTA },
	{ "info", Q_GETINFO }, { "setinfo", Q_SETINFO }, { "format", Q_GETFMT },
	{ "sync", Q_SYNC }, { "on", Q_QUOTAON },
};

/* Static, in a program at a low address: 32-bit calls reach them. */
static char special[64] = "/dev/hdv1";
static union {
	struct if_nextdqblk block;
	unsigned format;
} data;

static unsigned find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].number;
	return strtoul(name, NULL, 0);
}

static long i386(long number, long first, long second, long id, long address)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
		: "=a"(result)
		: "a"(number), "b"(first), "c"(second), "d"(id), "S"(address)
		: "memory", "r8", "r9", "r10", "r11");
	errno = -(int)result;
	return (int)result < 0 ? -1 : 0;
#else
	(void)number, (void)first, (void)second, (void)id, (void)address;
	errno = ENOSYS;
	return -1;
#endif
}

static void drop(unsigned capability)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) == 0) {
		sets[capability / 32].effective &= ~(1U << capability % 32);
		syscall(SYS_capset, &header, sets);
	}
}

int main(int argc, char **argv)
{
	long file = -1, compat = 0, type = USRQUOTA, count = 1, result = 0;
	long where = (long)special, address = (long)&data;

	for (int option; (option = getopt(argc, argv, "s:f:a:igu:d:n:")) != -1;) {
		switch (option) {
		case 's': snprintf(special, sizeof special, "%s", optarg); break;
		case 'f': file = open(optarg, O_RDONLY); break;
		case 'a': address = strtoul(optarg, NULL, 0); break;
		case 'i': compat = 1; break;
		case 'g': type = GRPQUOTA; break;
		case 'u': result = setresuid(atoi(optarg), atoi(optarg), atoi(optarg)); break;
		case 'd': drop(atoi(optarg)); break;
		case 'n': count = atoi(optarg); break;
		default: return 2;
		}
	}
	unsigned command = QCMD(find(argv[optind]), type);
	long id = optind + 1 < argc ? atol(argv[optind + 1]) : 0;
	if (optind + 2 < argc) {
		data.block.dqb_bhardlimit = atol(argv[optind + 2]);
		data.block.dqb_valid = QIF_BLIMITS;
	}
	if (!*special)
		where = 0;
	while (result == 0 && count--) {
		if (file >= 0)
			result = compat ? i386(SYS_quotactl_fd, file, command, id, address)
				: syscall(SYS_quotactl_fd, file, command, id, address);
		else
			result = compat ? i386(I386_QUOTACTL, command, where, id, address)
				: syscall(SYS_quotactl, command, where, id, address);
	}
	if (result < 0)
		puts(strerrorname_np(errno));
	else if (command >> SUBCMDSHIFT == Q_GETQUOTA || command >> SUBCMDSHIFT == Q_GETNEXTQUOTA)
		printf("ok %llu\n", (unsigned long long)data.block.dqb_bhardlimit);
	else
		puts("ok");
	return result < 0;
}
