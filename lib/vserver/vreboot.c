// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vreboot, vhalt - ask the reboot manager of the root server for a restart, or the end, of the
 * virtual server that this runs in (change log, 0.2).
 *
 * One program: "halt" or "poweroff" in the name of its file selects what it asks for. Static,
 * since a virtual server may have no C library of ours and no interpreter at all. In the place of
 * reboot, halt and poweroff themselves it is called with their options, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/dev/reboot"
#define FAILED 255
#define PATIENCE 10             /* seconds, with a manager that is too busy to accept */

static const char usage_text[] =
	"vreboot version " VERSION "\n"
	"\n"
	"vreboot [ --socket path ]\n"
	"vhalt   [ --socket path ]\n"
	"Asks the reboot manager to restart, or to stop, this virtual server\n";

static int usage(int status)
{
	ssize_t ignored = write(STDERR_FILENO, usage_text, sizeof usage_text - 1);

	(void)ignored;
	return status;
}

static int failure(const char *step, const char *path)
{
	dprintf(STDERR_FILENO, "%s %s (%s)\n", step, path, strerror(errno));
	return FAILED;
}

/* A connected socket, or -1 and errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE };

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static int ask(const char *path, const char *line)
{
	size_t length = strlen(line);
	int fd = connect_to(path);

	if (fd < 0)
		return failure("connect", path);
	if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length)
		return failure("write", path);
	return 0;
}

static int replaces(const char *name)
{
	return !strcmp(name, "reboot") || !strcmp(name, "halt") || !strcmp(name, "poweroff");
}

/* One that reboot(8) of sysvinit has: all ask how to do what others do here, but for -w. */
static int is_option(const char *word)
{
	return word[0] == '-' && word[1] && word[1 + strspn(word + 1, "dfhinpw")] == 0;
}

int main(int argc, char **argv)
{
	const char *path = SOCKET;
	const char *name = argc ? basename(argv[0]) : "";
	int only_records = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(0);
		if (replaces(name) && is_option(argv[i])) {
			only_records |= strchr(argv[i], 'w') != NULL;
			continue;
		}
		if (strcmp(argv[i], "--socket")) {
			dprintf(STDERR_FILENO, "Invalid option %s\n", argv[i]);
			return usage(FAILED);
		}
		if (++i == argc)
			return usage(FAILED);
		path = argv[i];
	}
	if (only_records)
		return 0;
	return ask(path, strstr(name, "halt") || strstr(name, "poweroff") ? "halt\n" : "reboot\n");
}
