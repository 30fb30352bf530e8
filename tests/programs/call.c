/*
 * call - make system calls by their numbers, and tell what came of them.
 *
 * Each line of standard input is "ABI NUMBER [ARGUMENT...]"; ABI is native, i386 or x32 (the
 * latter two on x86_64 only). The answer is a line with "ok" or the name of the error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X32 0x40000000L

static long i386(const long *a)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
		: "=a"(result)
		: "a"(a[0]), "b"(a[1]), "c"(a[2]), "d"(a[3]), "S"(a[4]), "D"(a[5])
		: "memory", "r8", "r9", "r10", "r11");
	errno = -(int)result;
	return (int)result > -4096 && (int)result < 0 ? -1 : 0;
#else
	(void)a;
	errno = ENOSYS;
	return -1;
#endif
}

static long call(const char *abi, const long *a)
{
	if (!strcmp(abi, "i386"))
		return i386(a);
	return syscall(a[0] | (strcmp(abi, "x32") ? 0 : X32), a[1], a[2], a[3], a[4], a[5]);
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof line, stdin)) {
		long arguments[6] = { 0 };
		char *abi = strtok(line, " \n"), *word;

		for (int i = 0; i < 6 && (word = strtok(NULL, " \n")); i++)
			arguments[i] = (long)strtoull(word, NULL, 0);
		puts(call(abi, arguments) < 0 ? strerrorname_np(errno) : "ok");
		fflush(stdout);
	}
	return 0;
}
