/*
 * uring - make a socket by io_uring alone, and tell what came of it.
 *
 *   uring [-p] bind ADDRESS           TCP at that address, any port
 *   uring [-p] connect ADDRESS PORT   TCP to there
 *   uring [-p] send ADDRESS PORT      a datagram to there, on a socket without an address
 *   uring [-p] raw                    a raw socket
 *
 * Prints the socket's own address or the name of the error; "none" where the kernel has no
 * io_uring. -p: the requests are found by a thread of the kernel (SQPOLL).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OP_BIND 56 /* IORING_OP_BIND, 6.11 */

static struct io_uring_params parameters;
static int ring;
static char *queue;
static struct io_uring_sqe *entries;

static unsigned *field(unsigned offset)
{
	return (unsigned *)(queue + offset);
}

static void *map(size_t size, off_t offset)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);

	if (mapped == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return mapped;
}

static int open_ring(int poll)
{
	if (poll)
		parameters.flags = IORING_SETUP_SQPOLL;
	ring = syscall(SYS_io_uring_setup, 1, &parameters);
	if (ring < 0)
		return -1;
	size_t size = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
	size_t other = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
	queue = map(size > other ? size : other, IORING_OFF_SQ_RING);
	entries = map(sizeof *entries, IORING_OFF_SQES);
	return 0;
}

/* One request and its answer: negative for an error. */
static int request(struct io_uring_sqe what)
{
	unsigned *tail = field(parameters.sq_off.tail), *head = field(parameters.cq_off.head);
	unsigned flags = IORING_ENTER_GETEVENTS;

	entries[0] = what;
	field(parameters.sq_off.array)[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_SEQ_CST);
	if (parameters.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, flags, NULL, 0) < 0)
		return -errno;
	struct io_uring_cqe *answers = (void *)(queue + parameters.cq_off.cqes);
	int result = answers[*head & *field(parameters.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_SEQ_CST);
	return result;
}

static int make_socket(int type)
{
	return request((struct io_uring_sqe){
		.opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = type,
		.len = type == SOCK_RAW ? IPPROTO_ICMP : 0 });
}

static int use(int opcode, int fd, struct sockaddr_in *address)
{
	return request((struct io_uring_sqe){
		.opcode = opcode, .fd = fd, .addr = (unsigned long)address, .off = sizeof *address });
}

static int send_to(int fd, struct sockaddr_in *address)
{
	struct iovec text = { "?", 1 };
	struct msghdr message = {
		.msg_name = address, .msg_namelen = sizeof *address, .msg_iov = &text, .msg_iovlen = 1 };

	return request((struct io_uring_sqe){
		.opcode = IORING_OP_SENDMSG, .fd = fd, .addr = (unsigned long)&message, .len = 1 });
}

static int run(char **words, struct sockaddr_in *address)
{
	int datagram = !strcmp(words[0], "send"), raw = !strcmp(words[0], "raw");
	int fd = make_socket(raw ? SOCK_RAW : datagram ? SOCK_DGRAM : SOCK_STREAM), result = fd;

	if (fd >= 0 && datagram)
		result = send_to(fd, address);
	else if (fd >= 0 && !raw)
		result = use(strcmp(words[0], "bind") ? IORING_OP_CONNECT : OP_BIND, fd, address);
	if (result < 0)
		return result;
	socklen_t length = sizeof *address;
	return getsockname(fd, (struct sockaddr *)address, &length) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int poll = argc > 1 && !strcmp(argv[1], "-p");
	char **words = argv + 1 + poll;

	if (!words[0])
		return 2;
	if (words[1])
		inet_pton(AF_INET, words[1], &address.sin_addr);
	if (words[1] && words[2])
		address.sin_port = htons(atoi(words[2]));
	if (open_ring(poll) < 0) {
		puts("none");
		return 0;
	}
	int result = run(words, &address);
	puts(result < 0 ? strerrorname_np(-result) : inet_ntoa(address.sin_addr));
	return 0;
}
