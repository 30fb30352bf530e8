// SPDX-License-Identifier: GPL-2.0-or-later
/* seal_compat - the ioctls of 32-bit programs, where they have a hook of their own (6.8). */
#include "seal.h"

SEC("lsm/file_ioctl_compat")
int BPF_PROG(file_ioctl_compat, struct file *file, unsigned int command)
{
	return changes_inode(command) ? judge(BPF_CORE_READ(file, f_inode)) : 0;
}
