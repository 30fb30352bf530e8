/*
 * socketcall FAMILY TYPE PROTOCOL: make a socket as 32-bit programs do, whatever this one was
 * built for.
 *
 * Prints "ok" or the error's name. x86_64, linked statically at a low address: the kernel takes
 * the arguments from there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NR_SOCKETCALL 102 /* asm/unistd_32.h */
#define SYS_SOCKET 1	  /* linux/net.h */

static unsigned int arguments[3];

static long call(long number, long one, long two)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(one), "c"(two) : "memory");
	return (int)result;
}

int main(int argc, char **argv)
{
	long result;

	if (argc != 4)
		return 2;
	arguments[0] = atoi(argv[1]);
	arguments[1] = atoi(argv[2]);
	arguments[2] = atoi(argv[3]);
	result = call(NR_SOCKETCALL, SYS_SOCKET, (long)arguments);
	puts(result < 0 ? strerrorname_np(-result) : "ok");
	return 0;
}
