/* What the system calls alone cost, without any program around them; and the first program of
 * the guests that the benchmark starts.
 *
 * floor true                   - nothing
 * floor enter PID COMMAND...   - COMMAND in the namespaces of PID, as `vserver NAME exec`
 * floor isolate COMMAND...     - COMMAND in new namespaces, as `chcontext COMMAND`
 * stamp [RC [LEVEL]]           - write the time (CLOCK_MONOTONIC, nanoseconds) to /stamp, leave
 *                                an idle process behind, or be it when this is process 1;
 *                                level 6 ends what was left behind
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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
	return argc == 2 && strcmp(argv[1], "true") == 0 ? 0 : 2;
}
