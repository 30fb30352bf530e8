/* What the system calls alone cost, without any program around them; and the first program of
 * the guests that the benchmark starts.
 *
 * floor true                   - nothing
 * floor enter PID COMMAND...   - COMMAND in the namespaces of PID, as `vserver NAME exec`
 * floor isolate COMMAND...     - COMMAND in new namespaces, as `chcontext COMMAND`
 * floor join CGROUP COMMAND... - COMMAND in a cgroup, as `chbind`
 * floor idle                   - leave an idle process behind
 * floor clone TREE NEW         - the tree NEW of new directories and links to all else, as `vbuild`
 * floor replace TREE OTHER     - a link to each file of TREE in the place of that of OTHER, as
 *                                `vunify`
 * stamp [RC [LEVEL]]           - write the time (CLOCK_MONOTONIC, nanoseconds) to /stamp, leave
 *                                an idle process behind, or be it when this is process 1;
 *                                level 6 ends what was left behind
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static void check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static int run(char **argv, int fresh)
{
	int status;
	pid_t pid = fork();

	check(pid, "fork");
	if (pid == 0) {
		if (fresh) {
			check(mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL), "mount /");
			check(mount("proc", "/proc", "proc", 0, NULL), "mount /proc");
		}
		check(execvp(argv[0], argv), argv[0]);
	}
	check(waitpid(pid, &status, 0), "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int enter(char **argv)
{
	int fd = syscall(SYS_pidfd_open, atoi(argv[0]), 0);

	check(fd, "pidfd_open");
	check(setns(fd, NAMESPACES), "setns");
	return run(argv + 1, 0);
}

static int isolate(char **argv)
{
	check(unshare(NAMESPACES), "unshare");
	return run(argv, 1);
}

static int other_tree;

/* Called by nftw(3) in each directory of the tree, with the path of an entry below it. */
static int clone_entry(const char *path, const struct stat *entry, int kind, struct FTW *at)
{
	(void)at;
	if (kind == FTW_D)
		check(strcmp(path, ".") ? mkdirat(other_tree, path, entry->st_mode & 07777) : 0, path);
	else
		check(linkat(AT_FDCWD, path, other_tree, path, 0), path);
	return 0;
}

static int replace_entry(const char *path, const struct stat *entry, int kind, struct FTW *at)
{
	static const char temporary[] = ".floor.new";

	(void)at;
	if (kind == FTW_F && S_ISREG(entry->st_mode) && entry->st_size > 0) {
		check(linkat(AT_FDCWD, path, other_tree, temporary, 0), path);
		check(renameat(other_tree, temporary, other_tree, path), path);
	}
	return 0;
}

static int walk(char **argv, int fresh)
{
	if (fresh)
		check(mkdir(argv[1], 0755), argv[1]);
	other_tree = open(argv[1], O_PATH | O_DIRECTORY);
	check(other_tree, argv[1]);
	check(chdir(argv[0]), argv[0]);
	check(nftw(".", fresh ? clone_entry : replace_entry, 64, FTW_PHYS | FTW_MOUNT), "nftw");
	return 0;
}

static int join(char **argv)
{
	int directory = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	check(fd, argv[0]);
	check(write(fd, "0", 1), "cgroup.procs");
	return execvp(argv[1], argv + 1);
}

static void idle(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	signal(SIGTERM, SIG_DFL);
	for (;;)
		pause();
}

static int stamp(void)
{
	struct timespec now;
	FILE *file;

	clock_gettime(CLOCK_MONOTONIC, &now);
	file = fopen("/stamp.new", "w");
	if (file == NULL) {
		perror("/stamp.new");
		return 1;
	}
	fprintf(file, "%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
	fclose(file);
	check(rename("/stamp.new", "/stamp"), "/stamp");
	if (getpid() == 1 || fork() == 0)
		idle();
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	if (strcmp(name ? name + 1 : argv[0], "stamp") == 0) {
		if (argc == 3 && strcmp(argv[2], "6") == 0)
			return kill(-1, SIGTERM) < 0;
		return stamp();
	}
	if (argc > 3 && strcmp(argv[1], "enter") == 0)
		return enter(argv + 2);
	if (argc > 2 && strcmp(argv[1], "isolate") == 0)
		return isolate(argv + 2);
	if (argc == 4 && (strcmp(argv[1], "clone") == 0 || strcmp(argv[1], "replace") == 0))
		return walk(argv + 2, argv[1][0] == 'c');
	if (argc > 3 && strcmp(argv[1], "join") == 0)
		return join(argv + 2);
	if (argc == 2 && strcmp(argv[1], "idle") == 0) {
		if (fork() == 0)
			idle();
		return 0;
	}
	return argc == 2 && strcmp(argv[1], "true") == 0 ? 0 : 2;
}
