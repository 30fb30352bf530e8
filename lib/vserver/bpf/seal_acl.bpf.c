// SPDX-License-Identifier: GPL-2.0-or-later
/* seal_acl - the access lists of shared files; until 6.1 they were extended attributes. */
#include "seal.h"

SEC("lsm/inode_set_acl")
int BPF_PROG(inode_set_acl, void *idmap, struct dentry *dentry)
{
	return judge(BPF_CORE_READ(dentry, d_inode));
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(inode_remove_acl, void *idmap, struct dentry *dentry)
{
	return judge(BPF_CORE_READ(dentry, d_inode));
}
