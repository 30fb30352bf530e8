// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub - what stays in memory of a virtual server: process 1, and the end of every session.
 *
 *   NAME                             process 1 of a context: reap, and leave with the last process
 *   NAME run REPORT TTY REAPED COMMAND...
 *                                    start COMMAND as a sibling; tell on descriptor REPORT "P" and
 *                                    its pid, "G" when it is about to be executed, "E" and errno
 *                                    when that failed. REAPED is 1 where process 1 is this program
 *   NAME wait PID INIT JOB MASTER OUT FILE PIPE FILE PIPE FILE PIPE
 *                                    wait for PID, relay a terminal and files that are its standard
 *                                    input, output and error, end as PID ended. JOB is 1 where a
 *                                    shell that started us may be told to stop and continue it
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
#include <sys/stat.h>
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
 * gets a group of its own, and at the end the leader is alone in the foreground. It stops with the
 * command: whoever waits for it outside knows whether somebody can continue them.
 */
static int lead(int tty, pid_t command, const sigset_t *signals)
{
	int signal, status;

	prctl(PR_SET_NAME, "session");
	for (;;) {
		signal = sigwaitinfo(signals, NULL);
		if (signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP || signal == SIGCONT)
			kill(-command, signal);
		else if (signal > 0 && signal != SIGCHLD)
			kill(command, signal);
		if (waitpid(command, &status, WNOHANG | WUNTRACED) != command)
			continue;
		if (!WIFSTOPPED(status))
			break;
		kill(getpid(), SIGSTOP);
		kill(-command, SIGCONT);
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

/* ---- files of the host -------------------------------------------------------------------- */

/*
 * A guest never has the file itself that standard input, output or error is: by /proc/PID/fd its root
 * could open it anew, for more, and change its owner and mode. It has a pipe, we have the other end.
 */
struct stream {
	int file, pipe;             /* PIPE is -1 when nothing more comes through */
	int reader;                 /* of standard input: the guest's end, to see what it has left */
	char data[4096];            /* the same: read, not yet taken by the guest */
	size_t ndata;
	int error;                  /* why FILE took no more */
};

enum {
	STREAMS = 3,                /* by their numbers: the first feeds the guest */
	DESCRIPTORS = 32,           /* more than there are here */
};

static int open_stream(struct stream *s, const char *file, const char *pipe, int feeds)
{
	char path[32];

	s->file = atoi(file);
	s->pipe = atoi(pipe);
	s->reader = -1;
	if (s->pipe < 0)
		return 1;
	fcntl(s->pipe, F_SETFL, (feeds ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
	if (!feeds)
		return 1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", s->pipe);
	s->reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return s->reader >= 0;
}

static void close_stream(struct stream *s)
{
	close(s->pipe);
	s->pipe = -1;
}

static int write_all(int fd, const char *data, ssize_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n > 0) {
			data += n;
			length -= n;
		}
	}
	return 0;
}

/* Some of the guest's output, as a number of bytes; 0 when there is none for now, or no more. */
static ssize_t take_from_guest(struct stream *s)
{
	char buffer[16384];
	ssize_t n = s->pipe < 0 ? 0 : read(s->pipe, buffer, sizeof buffer);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0 && write_all(s->file, buffer, n) == 0)
		return n;
	if (n > 0)
		s->error = errno;
	if (s->pipe >= 0)
		close_stream(s);
	return 0;
}

/* What is there now, and not what others go on to write for ever. */
static void drain(struct stream *s)
{
	int left = 0;
	ssize_t n;

	if (s->pipe < 0 || ioctl(s->pipe, FIONREAD, &left) < 0)
		return;
	while (left > 0 && (n = take_from_guest(s)) > 0)
		left -= n;
	take_from_guest(s);             /* or notice that there is nobody any more */
}

static void feed_guest(struct stream *s)
{
	ssize_t n = s->ndata ? 0 : read(s->file, s->data, sizeof s->data);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->ndata += n > 0 ? n : 0;
	if (!s->ndata) {
		close_stream(s);
		return;
	}
	n = write(s->pipe, s->data, s->ndata);
	if (n > 0) {
		s->ndata -= n;
		memmove(s->data, s->data + n, s->ndata);
	}
}

/* Of input that the command did not read, who reads next finds all that it left. */
static void give_back(const struct stream *s)
{
	int left = 0;

	if (s->reader >= 0 && ioctl(s->reader, FIONREAD, &left) == 0 && left + s->ndata)
		lseek(s->file, -(off_t)(left + s->ndata), SEEK_CUR);
}

static struct pollfd watch(const struct stream *s, int feeds)
{
	int reads = feeds && s->pipe >= 0 && !s->ndata;

	return (struct pollfd){ reads ? s->file : s->pipe, feeds && !reads ? POLLOUT : POLLIN, 0 };
}

/* What a service writes after the command that started it has ended still reaches its file. */
static void stay_behind(struct stream *out, struct stream *err)
{
	sigset_t none;

	if ((out->pipe < 0 && err->pipe < 0) || fork())
		return;
	setsid();
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (fd != out->file && fd != out->pipe && fd != err->file && fd != err->pipe)
			close(fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	while (out->pipe >= 0 || err->pipe >= 0) {
		struct pollfd watched[] = { watch(out, 0), watch(err, 0) };
		if (poll(watched, 2, -1) < 0)
			continue;
		take_from_guest(out);
		take_from_guest(err);
	}
	_exit(0);
}

/* ---- waiting for a command ---------------------------------------------------------------- */

enum { TAKEOVER_MS = 1000 };    /* in which a shell notices that its job has stopped */

struct session {
	pid_t pid;
	int job;                    /* are we in a job that can be stopped with the command? */
	int master, out;            /* the pseudo-terminal and where its output goes */
	int in;                     /* the administrator's terminal, -1 when not read */
	struct termios saved;
	char pending[512];          /* typed, not yet taken by the guest */
	size_t npending;
	struct stream streams[STREAMS];
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

	int mine = s->in >= 0;

	s->in = -1;
	if (s->master < 0 || !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	if (!mine && tcgetattr(STDIN_FILENO, &s->saved) < 0)
		return;
	s->in = STDIN_FILENO;
	raw = s->saved;
	cfmakeraw(&raw);
	tcsetattr(s->in, TCSADRAIN, &raw);
}

static void restore(struct session *s)
{
	if (s->in >= 0)
		tcsetattr(s->in, TCSADRAIN, &s->saved);
	s->in = -1;
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

/*
 * What a terminal sends to a group goes to the command's group, the rest to the command. One that
 * is stopped has to be continued to notice.
 */
static void forward(const struct session *s, int signal)
{
	kill(signal == SIGINT || signal == SIGQUIT ? -s->pid : s->pid, signal);
	if (signal != SIGUSR1 && signal != SIGUSR2 && signal != SIGTSTP)
		kill(-s->pid, SIGCONT);
}

static void resume(struct session *s)
{
	make_raw(s);
	copy_window_size(s);
	kill(-s->pid, SIGCONT);
}

static pid_t parent_of(pid_t pid)
{
	char path[32], text[512], *end;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	text[length > 0 ? length : 0] = 0;
	end = strrchr(text, ')');       /* of the name, which may hold anything: ") S PARENT" */
	return end && strlen(end) > 4 ? atoi(end + 4) : 0;
}

/* Has somebody in our session started the group that we are in, who could continue it? */
static int have_shell(void)
{
	pid_t pid = getppid();

	while (pid > 1 && getpgid(pid) == getpgrp())
		pid = parent_of(pid);
	return pid > 0 && getsid(pid) == getsid(0);
}

/*
 * A shell that controls jobs takes the terminal when one stops. Others wait for ever (a set +m, a
 * script that ignores SIGTSTP): a guest that stops must not leave the administrator in there.
 */
static pid_t watch_over(pid_t group)
{
	pid_t watcher = fork();

	if (watcher > 0)
		setpgid(watcher, watcher);
	if (watcher)
		return watcher;
	setpgid(0, 0);
	poll(NULL, 0, TAKEOVER_MS);
	if (tcgetpgrp(STDIN_FILENO) == group)
		kill(-group, SIGCONT);
	_exit(0);
}

static void stop_job(pid_t watcher)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	if (watcher > 0) {
		kill(watcher, SIGKILL);
		waitpid(watcher, NULL, 0);
	}
}

/*
 * The command is stopped, by the guest or at the keyboard, and so is the job that we are in. Where
 * that has no shell at all the kernel would drop the signal (an orphaned process group), and the
 * command goes on at once, its terminal as it is.
 */
static void suspend(struct session *s)
{
	int foreground = s->in >= 0;

	if (s->job && have_shell()) {
		restore(s);
		stop_job(foreground ? watch_over(getpgrp()) : 0);
	}
	resume(s);
}

/* 1 when the command has ended, its status in *status. Without a terminal a stop is its own affair. */
static int look(struct session *s, int *status)
{
	if (waitpid(s->pid, status, WNOHANG | WUNTRACED) != s->pid)
		return 0;
	if (!WIFSTOPPED(*status))
		return 1;
	if (s->out >= 0)
		suspend(s);
	return 0;
}

static void stop_command(struct session *s)
{
	if (s->out >= 0) {
		forward(s, SIGTSTP);
	} else {
		kill(-s->pid, SIGSTOP);         /* SIGTSTP does nothing to a session of its own */
		suspend(s);
	}
}

/* 1 when the command has ended, its status in *status. */
static int take_signal(struct session *s, int signals, int *status)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != sizeof info)
		return 0;
	switch (info.ssi_signo) {
	case SIGCHLD:
		return look(s, status);
	case SIGWINCH:
		copy_window_size(s);
		return 0;
	case SIGTSTP:
		stop_command(s);
		return 0;
	case SIGCONT:
		resume(s);
		return 0;
	default:
		forward(s, info.ssi_signo);
		return 0;
	}
}

static int open_signals(int job)
{
	static const int wanted[] = {
		SIGCHLD, SIGWINCH, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	if (job)
		sigaddset(&set, SIGTSTP);
	int signals = signalfd(-1, &set, SFD_CLOEXEC);
	sigaddset(&set, SIGPIPE);       /* these are errors of write(2) */
	sigaddset(&set, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signals;
}

static void relay_terminal(struct session *s, const struct pollfd *master, const struct pollfd *in)
{
	if (master->revents & POLLOUT)
		pass_input(s);
	if (master->revents & (POLLIN | POLLHUP) && pass_output(s) < 0)
		s->master = -1;
	if (in->revents)
		take_input(s);
}

static int relay(struct session *s)
{
	int signals = open_signals(s->job), status = 0;

	if (look(s, &status))
		return status;
	for (;;) {
		struct pollfd watched[] = {
			{ signals, POLLIN, 0 },
			{ s->master, POLLIN | (s->npending ? POLLOUT : 0), 0 },
			{ s->npending ? -1 : s->in, POLLIN, 0 },
			watch(&s->streams[0], 1),
			watch(&s->streams[1], 0),
			watch(&s->streams[2], 0),
		};
		if (poll(watched, sizeof watched / sizeof *watched, -1) < 0)
			continue;
		relay_terminal(s, &watched[1], &watched[2]);
		if (watched[3].revents)
			feed_guest(&s->streams[0]);
		for (int i = 1; i < STREAMS; i++)
			if (watched[3 + i].revents)
				take_from_guest(&s->streams[i]);
		if (watched[0].revents && take_signal(s, signals, &status))
			return status;
	}
}

/* The command has ended: what it has written is passed on, then others may go on; 0, or an error. */
static int finish(struct session *s)
{
	while (s->master >= 0 && pass_output(s) > 0)
		;
	drain(&s->streams[1]);
	drain(&s->streams[2]);
	give_back(&s->streams[0]);
	restore(s);
	stay_behind(&s->streams[1], &s->streams[2]);
	return s->streams[1].error ? s->streams[1].error : s->streams[2].error;
}

static int await(pid_t pid, int init, int job, int master, int out, char **files)
{
	struct session s = { .pid = pid, .job = job, .master = master, .out = out, .in = -1 };

	prctl(PR_SET_NAME, "vserver");
	for (int i = 0; i < STREAMS; i++)
		if (!open_stream(&s.streams[i], files[2 * i], files[2 * i + 1], i == 0)) {
			dprintf(STDERR_FILENO, "vserver: standard input: %s\n", strerror(errno));
			return FAILED;
		}
	if (master >= 0)
		fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	copy_window_size(&s);
	make_raw(&s);
	int status = relay(&s), error = finish(&s);
	if (init >= 0)
		syscall(SYS_pidfd_send_signal, init, SIGUSR1, NULL, 0);
	if (error)
		dprintf(STDERR_FILENO, "vserver: write error: %s\n", strerror(error));
	return error && !status ? FAILED : end_like(status);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return reap();
	if (argc > 5 && !strcmp(argv[1], "run"))
		return run(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), argv + 5);
	if (argc == 7 + 2 * STREAMS && !strcmp(argv[1], "wait"))
		return await(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]),
			     argv + 7);
	dprintf(STDERR_FILENO, "vserver: the program stub is of another version of the package\n");
	return FAILED;
}
