/*
 * attack - what hostile root of a guest would try.
 *
 *   attack                  try each way out; one line for each: its name and what came of it
 *   attack chroot FILE      leave the root by a second chroot; does FILE appear
 *   attack spy LOG          for ever: look at each process that shows up, by /proc and ptrace
 *   attack halt             for ever: stop each process that shows up
 *   attack type TEXT        push TEXT into the input of the controlling terminal
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, long result)
{
	printf("%s: %s\n", name, result < 0 ? strerror(errno) : "done");
}

static long open_node(mode_t kind, int major, int minor)
{
	unlink("/tmp/node");
	if (mknod("/tmp/node", kind | 0600, makedev(major, minor)) < 0)
		return -1;
	return open("/tmp/node", O_RDONLY);
}

static long write_to(const char *path)
{
	int fd = open(path, O_WRONLY);
	return fd < 0 ? -1 : write(fd, "h", 1);
}

static long connect_abstract(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path + 1, name);
	socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	return connect(fd, (struct sockaddr *)&address, length);
}

#ifdef __x86_64__
/* As a 32-bit program makes a socket: by socketcall(2), whose arguments no filter sees. */
static long socket_of_i386(int family, int type, int protocol)
{
	static int arguments[3]; /* a static program has them below 4 GiB */
	long result = 102;

	arguments[0] = family;
	arguments[1] = type;
	arguments[2] = protocol;
	__asm__ volatile("int $0x80"
		: "+a"(result)
		: "b"(1), "c"(arguments)
		: "memory", "r8", "r9", "r10", "r11");
	errno = -(int)result;
	return (int)result < 0 ? -1 : result;
}
#endif

static long join(const char *path)
{
	int fd = open(path, O_RDONLY);
	return fd < 0 ? -1 : setns(fd, 0);
}

/* The namespace flag is refused whether it comes by unshare, clone or clone3. */
static void try_namespaces(void)
{
	static const struct { const char *name; int flag; } kinds[] = {
		{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS }, { "pid", CLONE_NEWPID },
		{ "net", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
		{ "cgroup", CLONE_NEWCGROUP },
	};
	char name[32], path[32];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		snprintf(name, sizeof name, "unshare %s", kinds[i].name);
		tell(name, unshare(kinds[i].flag));
		snprintf(path, sizeof path, "/proc/1/ns/%s", kinds[i].name);
		snprintf(name, sizeof name, "setns %s", kinds[i].name);
		tell(name, join(path));
		long pid = syscall(SYS_clone, kinds[i].flag | SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			_exit(0);
		snprintf(name, sizeof name, "clone %s", kinds[i].name);
		tell(name, pid);
	}
	long none[11] = { CLONE_NEWUSER };
	tell("clone3", syscall(SYS_clone3, none, sizeof none));
}

static void try_all(void)
{
	char handle[64] = { 8, 0, 0, 0, 1 };

	tell("mount", mount("none", "/tmp", "tmpfs", 0, ""));
	tell("bind mount", mount("/", "/tmp", "", MS_BIND, ""));
	tell("remount", mount("", "/proc/sys", "", MS_REMOUNT | MS_BIND, ""));
	tell("umount", umount("/proc/sys"));
	tell("pivot_root", syscall(SYS_pivot_root, ".", "."));
	tell("fsopen", syscall(430, "tmpfs", 0));
	tell("open_tree", syscall(428, AT_FDCWD, "/", 1));
	tell("disk node", open_node(S_IFBLK, 8, 0));
	tell("memory node", open_node(S_IFCHR, 1, 1));
	tell("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY));
	tell("keyctl", syscall(SYS_keyctl, 0, -3, 0, 0, 0));
	tell("bpf", syscall(SYS_bpf, 0, handle, sizeof handle));
	tell("perf_event_open", syscall(SYS_perf_event_open, handle, 0, -1, -1, 0));
	tell("io_uring_setup", syscall(425, 1, handle));
	tell("userfaultfd", syscall(SYS_userfaultfd, 0));
	tell("init_module", syscall(SYS_init_module, handle, 0, ""));
	tell("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
	tell("swapon", syscall(SYS_swapon, "/tmp", 0));
	tell("acct", syscall(SYS_acct, "/tmp/acct"));
	tell("syslog", syscall(SYS_syslog, 3, handle, sizeof handle));
	tell("settimeofday", syscall(SYS_settimeofday, handle, 0));
	tell("sethostname", sethostname("hacked", 6));
	tell("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0x89abcdef, 0));
	tell("core_pattern", write_to("/proc/sys/kernel/core_pattern"));
	tell("sysrq-trigger", write_to("/proc/sysrq-trigger"));
	tell("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	tell("raw socket", socket(AF_INET, SOCK_RAW, 1));
	tell("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
#ifdef __x86_64__
	tell("packet socket of i386", socket_of_i386(AF_PACKET, SOCK_RAW, 0));
	tell("raw socket of i386", socket_of_i386(AF_INET, SOCK_RAW, 1));
#endif
	tell("host's abstract socket", connect_abstract("host"));
	tell("ptrace init", ptrace(PTRACE_ATTACH, 1, 0, 0));
	tell("kill init", kill(1, SIGKILL));
	tell("real-time", sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 1 }));
	tell("priority", nice(-5));
	try_namespaces();
}

static int leave_root(const char *file)
{
	int top = open("/", O_RDONLY | O_DIRECTORY);

	mkdir("/tmp/inner", 0700);
	if (chroot("/tmp/inner") < 0)
		perror("chroot");
	if (fchdir(top) < 0)
		perror("fchdir");
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			perror("chdir");
	if (chroot(".") < 0)
		perror("chroot");
	puts(access(file, F_OK) == 0 ? "out" : "still inside");
	return 0;
}

static void look(FILE *log, const char *pid)
{
	char path[300], text[4096];
	static const char *const links[] = { "exe", "root", "cwd", "fd/0", "fd/1", "fd/2", "fd/3",
		"fd/4", "fd/5", "fd/6", "fd/7", "fd/8", "fd/9" };
	struct stat state;

	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(path, sizeof path, "/proc/%s/%s", pid, links[i]);
		ssize_t n = readlink(path, text, sizeof text - 1);
		if (n > 0)
			fprintf(log, "%s %.*s\n", links[i], (int)n, text);
	}
	snprintf(path, sizeof path, "/proc/%s/root/mark-of-the-host", pid);
	if (stat(path, &state) == 0)
		fprintf(log, "OUT %s\n", path);
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	int fd = open(path, O_WRONLY);
	if (fd >= 0)
		fprintf(log, "WRITABLE %s\n", path);
	snprintf(path, sizeof path, "/proc/%s/environ", pid);
	int from = open(path, O_RDONLY);
	ssize_t n = read(from, text, sizeof text - 1);
	if (n > 0 && memmem(text, n, "SECRET", 6))
		fprintf(log, "SECRET in %s\n", path);
	close(from);
	snprintf(path, sizeof path, "/proc/%s/status", pid);
	from = open(path, O_RDONLY);
	n = read(from, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	const char *caps = strstr(text, "CapPrm:");
	if (caps)
		fprintf(log, "caps %.16s\n", caps + 8);
	close(from);
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) == 0) {
		fprintf(log, "traced\n");
		ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
	}
	fflush(log);
}

/* Only what is new: the others were looked at when they came. */
static void spy(const char *path)
{
	FILE *log = fopen(path, "w");
	int newest = getpid();

	fprintf(log, "ready\n");
	fflush(log);
	for (;;) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		int seen = newest;
		while ((entry = readdir(proc))) {
			int pid = atoi(entry->d_name);
			if (pid > newest)
				look(log, entry->d_name);
			if (pid > seen)
				seen = pid;
		}
		newest = seen;
		closedir(proc);
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
}

static void halt_all(void)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		kill(-1, SIGSTOP);
}

static int type(const char *text)
{
	for (; *text; text++)
		if (ioctl(0, TIOCSTI, text) < 0) {
			perror("TIOCSTI");
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		try_all();
	else if (argc == 2 && !strcmp(argv[1], "halt"))
		halt_all();
	else if (argc == 3 && !strcmp(argv[1], "chroot"))
		return leave_root(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "spy"))
		spy(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "type"))
		return type(argv[2]);
	return 0;
}
