/* listen and ask: the two ends of a conversation, small and static so that guests have them too.
 *
 * listen [-u] [-r] ADDRESS:PORT [TEXT] - answer every connection or datagram
 *     with TEXT, or with the address and port by which the client reached us. Prints "listening"
 *     when it is ready. [::]:80 is the wildcard address of IPv6; -u means UDP, -r that the port
 *     is shared with others that do so (SO_REUSEPORT).
 * ask [-u | -b] ADDRESS:PORT [FROM] - print what listen answers there; 1 when nobody does
 *     FROM is the source address to be used. -b means a datagram to a broadcast address, which
 *     anybody may answer: who did is printed too, as "TEXT from ADDRESS".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *me;

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static void fail(const char *why)
{
	fprintf(stderr, "%s: %s\n", me, why);
	exit(1);
}

static void must(int result)
{
	if (result < 0)
		fail(strerror(errno));
}

static socklen_t size(const union address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->in6) : sizeof(address->in);
}

/* "A.B.C.D:PORT" or "[ADDRESS]:PORT" */
static union address parse(char *text)
{
	union address address = { 0 };
	char *colon = strrchr(text, ':');
	int port, known;

	if (!colon)
		fail("no port");
	port = htons(atoi(colon + 1));
	*colon = 0;
	if (*text == '[') {
		colon[-1] = 0;
		address.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
		known = inet_pton(AF_INET6, text + 1, &address.in6.sin6_addr);
	} else {
		address.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
		known = inet_pton(AF_INET, text, &address.in.sin_addr);
	}
	if (known != 1)
		fail("no address");
	return address;
}

static void name(int fd, char *text, size_t length)
{
	union address address;
	socklen_t given = sizeof(address);
	char number[INET6_ADDRSTRLEN] = "";

	must(getsockname(fd, &address.any, &given));
	if (address.any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &address.in6.sin6_addr, number, sizeof(number));
	else
		inet_ntop(AF_INET, &address.in.sin_addr, number, sizeof(number));
	snprintf(text, length, "%s:%d", number, ntohs(address.in.sin_port));
}

static void answer_connection(int fd, const char *text)
{
	char own[64];
	int connection = accept(fd, NULL, NULL);

	must(connection);
	name(connection, own, sizeof(own));
	if (write(connection, text ? text : own, strlen(text ? text : own)) < 0)
		perror(me);
	close(connection);
}

static void answer_datagram(int fd, const char *text)
{
	union address peer;
	socklen_t length = sizeof(peer);
	char own[64];

	must(recvfrom(fd, own, sizeof(own), 0, &peer.any, &length));
	name(fd, own, sizeof(own));
	sendto(fd, text ? text : own, strlen(text ? text : own), 0, &peer.any, length);
}

static _Noreturn void serve(int fd, int is_udp, int sharing, union address address, const char *text)
{
	int yes = 1;

	signal(SIGPIPE, SIG_IGN);
	must(setsockopt(fd, SOL_SOCKET, sharing, &yes, sizeof(yes)));
	must(bind(fd, &address.any, size(&address)));
	if (!is_udp)
		must(listen(fd, 16));
	puts("listening");
	fflush(stdout);
	for (;;)
		if (is_udp)
			answer_datagram(fd, text);
		else
			answer_connection(fd, text);
}

static int ask(int fd, int is_udp, int is_broadcast, union address address, char *from)
{
	struct timeval patience = { .tv_sec = 2 };
	char text[1501];
	ssize_t length;
	union address peer;
	socklen_t given = sizeof(peer);

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
	must(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &is_broadcast, sizeof(is_broadcast)));
	if (from) {
		char place[80];
		union address source;

		snprintf(place, sizeof(place), address.any.sa_family == AF_INET6 ? "[%s]:0" : "%s:0", from);
		source = parse(place);
		must(bind(fd, &source.any, size(&source)));
	}
	if (is_broadcast) {
		must(sendto(fd, "?", 1, 0, &address.any, size(&address)));
	} else {
		must(connect(fd, &address.any, size(&address)));
		if (is_udp)
			must(send(fd, "?", 1, 0));
	}
	length = recvfrom(fd, text, sizeof(text) - 1, 0, &peer.any, &given);
	must(length);
	text[length] = 0;
	fputs(text, stdout);
	if (is_broadcast)
		printf(" from %s", inet_ntoa(peer.in.sin_addr));
	puts("");
	return 0;
}

int main(int argc, char **argv)
{
	int is_udp = 0, is_broadcast = 0, sharing = SO_REUSEADDR, fd, word = 1;
	union address address;
	char *text;

	me = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	for (; word < argc && argv[word][0] == '-'; word++) {
		is_udp |= argv[word][1] != 'r';
		is_broadcast |= argv[word][1] == 'b';
		if (argv[word][1] == 'r')
			sharing = SO_REUSEPORT;
	}
	if (word >= argc)
		fail("which address?");
	address = parse(argv[word]);
	text = word + 1 < argc ? argv[word + 1] : NULL;
	fd = socket(address.any.sa_family, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	must(fd);
	if (!strcmp(me, "listen"))
		serve(fd, is_udp, sharing, address, text);
	return ask(fd, is_udp, is_broadcast, address, text);
}
