/* crowd NUMBER - leave so many idle processes behind. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int left = argc == 2 ? atoi(argv[1]) : 0; left > 0; left--) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (pid == 0) {
			for (int fd = 0; fd < 3; fd++)
				close(fd);
			for (;;)
				pause();
		}
	}
	return 0;
}
