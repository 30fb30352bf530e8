/* How often a process can do with sockets what servers and clients do.
 *
 * sockets KIND ADDRESS SECONDS - print how many times in a second of processor time, for SECONDS:
 *
 * socket   - make a TCP socket and close it
 * bind     - the same, bound to port 8000 of 0.0.0.0
 * connect  - a connection to a listener of our own, accepted, closed by both ends
 * datagram - a datagram to a socket of our own, and its answer
 * stream   - 16 KiB over a connection to ourselves
 *
 * ADDRESS is what the clients ask for; the servers are on 0.0.0.0. All is done by one process on
 * one processor.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 8000
#define PIECE 16384
#define AT_ONCE 16	/* operations between two looks at the clock */

static struct sockaddr_in any, target;
static int listener, near, far;

static int check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static int new_socket(int type)
{
	return check(socket(AF_INET, type, 0), "socket");
}

static int new_server(int type)
{
	int fd = new_socket(type);

	check(bind(fd, (struct sockaddr *)&any, sizeof(any)), "bind");
	return fd;
}

/* One that ends by a reset: no port stays in TIME_WAIT. */
static void new_connection(void)
{
	struct linger at_once = { .l_onoff = 1 };

	near = new_socket(SOCK_STREAM);
	check(setsockopt(near, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
	check(connect(near, (struct sockaddr *)&target, sizeof(target)), "connect");
	far = check(accept(listener, NULL, NULL), "accept");
}

static void listen_to_us(void)
{
	listener = new_server(SOCK_STREAM);
	check(listen(listener, 16), "listen");
}

static void prepare_nothing(void)
{
}

static void prepare_datagram(void)
{
	far = new_server(SOCK_DGRAM);
	near = new_socket(SOCK_DGRAM);
}

static void prepare_stream(void)
{
	listen_to_us();
	new_connection();
}

static void do_socket(void)
{
	close(new_socket(SOCK_STREAM));
}

static void do_bind(void)
{
	close(new_server(SOCK_STREAM));
}

static void do_connect(void)
{
	new_connection();
	close(near);
	close(far);
}

static void do_datagram(void)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	char text[64] = "";

	check(sendto(near, text, sizeof(text), 0, (struct sockaddr *)&target, sizeof(target)), "sendto");
	check(recvfrom(far, text, sizeof(text), 0, (struct sockaddr *)&peer, &size), "recvfrom");
	check(sendto(far, text, sizeof(text), 0, (struct sockaddr *)&peer, size), "sendto");
	check(recv(near, text, sizeof(text), 0), "recv");
}

static void do_stream(void)
{
	static char piece[PIECE];

	for (ssize_t left = check(send(near, piece, sizeof(piece), 0), "send"); left > 0;)
		left -= check(recv(far, piece, sizeof(piece), 0), "recv");
}

static const struct {
	const char *name;
	void (*prepare)(void), (*operate)(void);
} kinds[] = {
	{ "socket", prepare_nothing, do_socket },
	{ "bind", prepare_nothing, do_bind },
	{ "connect", listen_to_us, do_connect },
	{ "datagram", prepare_datagram, do_datagram },
	{ "stream", prepare_stream, do_stream },
};

/* The processor time of this process: others on the machine do not count. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static double rate(void (*operate)(void), double seconds)
{
	double start, passed;
	long count = 0;

	operate();
	start = now();
	do {
		for (int i = 0; i < AT_ONCE; i++)
			operate();
		count += AT_ONCE;
		passed = now() - start;
	} while (passed < seconds);
	return count / passed;
}

static void stay_on_this_processor(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	check(sched_setaffinity(0, sizeof(here), &here), "sched_setaffinity");
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	any = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT) };
	target = any;
	if (!inet_aton(argv[2], &target.sin_addr))
		return 2;
	stay_on_this_processor();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]) == 0) {
			kinds[i].prepare();
			printf("%.0f\n", rate(kinds[i].operate, atof(argv[3])));
			return 0;
		}
	}
	return 2;
}
