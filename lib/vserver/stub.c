// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub - what stays in memory of a virtual server: process 1, and the end of every session.
 *
 *   NAME                             process 1 of a context: reap, and leave with the last process
 *   NAME run REPORT TTY REAPED COMMAND...
 *                                    start COMMAND as a sibling; tell on descriptor REPORT "P" and
 *                                    its pid, "G" when it is about to be executed, "E" and errno
 *                                    when that failed. REAPED is 1 where process 1 is this program
 *   NAME wait PID INIT MASTER OUT    wait for PID, relay a terminal, end as PID ended
 *
 * It is started from a sealed memory file, so that a guest which opens /proc/PID/exe finds this
 * program and not a file of the host. A number of -1 stands for "no such descriptor".
 * Statically linked, since the C library of the host cannot be reached from inside.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define FAILED 255

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

extern char **environ;

/* ---- process 1 ---------------------------------------------------------------------------- */

static int alone(void)
{
	return kill(-1, 0) < 0 && errno == ESRCH;
}

/*
 * Process 1 shows by its I/O priority, which needs no rights and no /proc, whether it stays. It
 * says that it leaves and then looks for others; who comes in is there and then looks at what it
 * says (closing): one of the two always notices the other, and nobody who was let in is killed.
 */
static void show(int level)
{
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, level));
}

enum { STAYS = 4, LEAVES = 7 };

static int closing(void)
{
	return syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 1)
		== IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, LEAVES);
}

static int leave(void)
{
	if (!alone())
		return 0;
	show(LEAVES);
	if (alone())
		return 1;
	show(STAYS);
	return 0;
}

/*
 * Orphans of the context become our children. SIGUSR1 is the hint of a session's end: its
 * process was no child of ours. When nobody else is left there is nothing to hold any more.
 */
static int reap(void)
{
	sigset_t wanted;

	prctl(PR_SET_NAME, "init");
	show(STAYS);
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	for (;;) {
		sigwaitinfo(&wanted, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (leave())
			return 0;
	}
}

/* ---- starting a command ------------------------------------------------------------------- */

/* The file that execvp(3) found by the name. */
static char *locate(char *name)
{
	static char path[PATH_MAX];
	char *directories = getenv("PATH"), *directory;

	if (strchr(name, '/') || !directories)
		return name;
	directories = strdup(directories);
	while ((directory = strsep(&directories, ":"))) {
		snprintf(path, sizeof path, "%s/%s", *directory ? directory : ".", name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return name;
}

/* execvp(3), and its habit of giving a script without "#!" to the shell. */
static void become(char **command)
{
	int count = 0;

	execvp(command[0], command);
	if (errno != ENOEXEC)
		return;
	while (command[count])
		count++;
	char **script = calloc(count + 2, sizeof *script);
	if (!script)
		return;
	script[0] = "/bin/sh";
	script[1] = locate(command[0]);
	memcpy(script + 2, command + 1, (count - 1) * sizeof *script);
	execv(script[0], script);
}

static int end_like(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);

	int signal = WTERMSIG(status);
	struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), signal);
	return 128 + signal;
}

/*
 * The leader of a session on a terminal. When a leader ends, the kernel hangs up on the group in
 * the foreground, and a service that was started there would end with its script. So the command
 * gets a group of its own, and at the end the leader is alone in the foreground.
 */
static int lead(int tty, pid_t command, const sigset_t *signals)
{
	int signal, status;

	prctl(PR_SET_NAME, "session");
	for (;;) {
		signal = sigwaitinfo(signals, NULL);
		if (signal == SIGINT || signal == SIGQUIT)
			kill(-command, signal);
		else if (signal > 0 && signal != SIGCHLD)
			kill(command, signal);
		if (waitpid(command, &status, WNOHANG | WUNTRACED) != command)
			continue;
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) == SIGTSTP)
			kill(-command, SIGCONT);        /* nobody here could do that later */
	}
	tcsetpgrp(tty, getpgrp());
	return end_like(status);
}

/* Returns in the command's process only, which leads a group in the foreground of TTY. */
static void open_session(int report, int tty)
{
	sigset_t all, before;

	ioctl(tty, TIOCSCTTY, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t command = fork();
	if (command > 0) {
		close(report);
		_exit(lead(tty, command, &all));
	}
	setpgid(0, 0);
	tcsetpgrp(tty, getpgrp());
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void start(int report, int tty, int reaped, char **command)
{
	setsid();
	if (tty >= 0)
		open_session(report, tty);
	if (tty > STDERR_FILENO)
		close(tty);
	if (reaped && closing())
		_exit(FAILED);
	dprintf(report, "G\n");
	become(command);
	dprintf(report, "E%d\n", errno);
	_exit(FAILED);
}

/*
 * The command becomes a child of our parent (CLONE_PARENT), which waits for it outside of the
 * context; this process was never visible inside and ends here.
 */
static int run(int report, int tty, int reaped, char **command)
{
	fcntl(report, F_SETFD, FD_CLOEXEC);
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		start(report, tty, reaped, command);
	dprintf(report, pid < 0 ? "F%ld cannot start the command\n" : "P%ld\n", pid < 0 ? errno : pid);
	return 0;
}

/* ---- waiting for a command ---------------------------------------------------------------- */

struct session {
	pid_t pid;
	int master, out;            /* the pseudo-terminal and where its output goes */
	int in;                     /* the administrator's terminal, -1 when not read */
	struct termios saved;
	char pending[512];          /* typed, not yet taken by the guest */
	size_t npending;
};

static void copy_window_size(const struct session *s)
{
	struct winsize size;

	if (s->master >= 0 && ioctl(s->out, TIOCGWINSZ, &size) == 0)
		ioctl(s->master, TIOCSWINSZ, &size);
}

static void make_raw(struct session *s)
{
	struct termios raw;

	if (s->master < 0 || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	if (tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return;
	s->in = STDIN_FILENO;
	raw = s->saved;
	cfmakeraw(&raw);
	tcsetattr(s->in, TCSADRAIN, &raw);
}

static void restore(const struct session *s)
{
	if (s->in >= 0)
		tcsetattr(s->in, TCSADRAIN, &s->saved);
}

static void write_all(int fd, const char *data, ssize_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0) {
			data += n;
			length -= n;
		}
	}
}

/* Output of the guest; 0 when there is none for now, -1 when the terminal is closed inside. */
static int pass_output(const struct session *s)
{
	char buffer[4096];
	ssize_t n = read(s->master, buffer, sizeof buffer);

	if (n > 0) {
		write_all(s->out, buffer, n);
		return 1;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void take_input(struct session *s)
{
	ssize_t n = read(s->in, s->pending, sizeof s->pending);

	if (n > 0) {
		s->npending = n;
	} else if (n == 0) {
		s->pending[0] = 4;      /* end of file, as typed */
		s->npending = 1;
	}
}

static void pass_input(struct session *s)
{
	ssize_t n = write(s->master, s->pending, s->npending);

	if (n > 0) {
		s->npending -= n;
		memmove(s->pending, s->pending + n, s->npending);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		s->npending = 0;
	}
}

/* What a terminal sends to a group goes to the command's group, the rest to the command. */
static void forward(const struct session *s, int signal)
{
	kill(signal == SIGINT || signal == SIGQUIT ? -s->pid : s->pid, signal);
}

/* 1 when the command has ended, its status in *status. */
static int take_signal(struct session *s, int signals, int *status)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != sizeof info)
		return 0;
	if (info.ssi_signo == SIGCHLD)
		return waitpid(s->pid, status, WNOHANG) == s->pid;
	if (info.ssi_signo == SIGWINCH)
		copy_window_size(s);
	else
		forward(s, info.ssi_signo);
	return 0;
}

static int open_signals(void)
{
	static const int wanted[] = {
		SIGCHLD, SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int relay(struct session *s)
{
	int signals = open_signals(), status = 0;

	if (waitpid(s->pid, &status, WNOHANG) == s->pid)
		return status;
	for (;;) {
		struct pollfd watched[] = {
			{ signals, POLLIN, 0 },
			{ s->master, POLLIN | (s->npending ? POLLOUT : 0), 0 },
			{ s->npending ? -1 : s->in, POLLIN, 0 },
		};
		if (poll(watched, 3, -1) < 0)
			continue;
		if (watched[1].revents & POLLOUT)
			pass_input(s);
		if (watched[1].revents & (POLLIN | POLLHUP) && pass_output(s) < 0)
			s->master = -1;
		if (watched[2].revents)
			take_input(s);
		if (watched[0].revents && take_signal(s, signals, &status))
			return status;
	}
}

static int await(pid_t pid, int init, int master, int out)
{
	struct session s = { .pid = pid, .master = master, .out = out, .in = -1 };

	prctl(PR_SET_NAME, "vserver");
	if (master >= 0)
		fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	copy_window_size(&s);
	make_raw(&s);
	int status = relay(&s);
	while (s.master >= 0 && pass_output(&s) > 0)
		;
	restore(&s);
	if (init >= 0)
		syscall(SYS_pidfd_send_signal, init, SIGUSR1, NULL, 0);
	return end_like(status);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return reap();
	if (argc > 5 && !strcmp(argv[1], "run"))
		return run(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv + 5);
	if (argc == 6 && !strcmp(argv[1], "wait"))
		return await(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	return FAILED;
}
