// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seal - no server changes a file that others share (BPF LSM).
 *
 * Contents and attributes are refused with EPERM, as for an immutable file; names may be removed,
 * replaced and added, as with the old kernel's linkage invert flag.
 */
#include "seal.h"

#define FMODE_WRITE 2

/* 6.9 put the id map in front; it brought the hook that this member is for, too. */
union security_list_options {
	void *inode_post_setattr;
} __attribute__((preserve_access_index));

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	if (!(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return 0;
	return judge(BPF_CORE_READ(file, f_inode));
}

SEC("lsm/inode_setattr")
int inode_setattr(unsigned long long *ctx)
{
	int at = bpf_core_field_exists(union security_list_options, inode_post_setattr) ? 1 : 0;
	struct dentry *dentry = (void *)(at ? ctx[1] : ctx[0]);

	return judge(BPF_CORE_READ(dentry, d_inode));
}

SEC("lsm/inode_setxattr")
int BPF_PROG(inode_setxattr, void *idmap, struct dentry *dentry)
{
	return judge(BPF_CORE_READ(dentry, d_inode));
}

SEC("lsm/inode_removexattr")
int BPF_PROG(inode_removexattr, void *idmap, struct dentry *dentry)
{
	return judge(BPF_CORE_READ(dentry, d_inode));
}

SEC("lsm/file_ioctl")
int BPF_PROG(file_ioctl, struct file *file, unsigned int command)
{
	return changes_inode(command) ? judge(BPF_CORE_READ(file, f_inode)) : 0;
}
