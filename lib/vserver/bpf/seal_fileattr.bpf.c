// SPDX-License-Identifier: GPL-2.0-or-later
/* seal_fileattr - the system call file_setattr of 6.17. */
#include "seal.h"

SEC("lsm/inode_file_setattr")
int BPF_PROG(inode_file_setattr, struct dentry *dentry)
{
	return judge(BPF_CORE_READ(dentry, d_inode));
}
