/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that servers share, and that none of them may change: what the hooks of seal*.bpf.c ask.
 *
 * A file is sealed by a bit that ext4 keeps with the inode and that the kernel itself does not heed
 * (EXT4_NOTAIL_FL, the old kernel's EXT2_IMMUTABLE_LINK). It holds for all who are in a context:
 * in a cgroup below "vserver" in the root cgroup that `settings` names.
 */
#ifndef SEAL_H
#define SEAL_H

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define EXT4_SUPER_MAGIC 0xef53
#define SEALED 0x8000
#define S_IFMT 0170000
#define S_IFREG 0100000
#define MAX_DEPTH 32

/* The kernel's own structures, as far as they are used; libbpf finds the offsets. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct file_system_type {
	const char *name;
};
struct super_block {
	unsigned long s_magic;
	struct file_system_type *s_type;
};
struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
};
struct ext4_inode_info {
	unsigned long i_flags;
	struct inode vfs_inode;
};
struct dentry {
	struct inode *d_inode;
};
struct file {
	unsigned int f_mode;
	struct inode *f_inode;
};
struct kernfs_node {
	const char *name;
	__u64 id;
};
struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1];
};
struct css_set {
	struct cgroup *dfl_cgrp;
};
struct task_struct {
	struct css_set *cgroups;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* the id of the root cgroup */
} settings SEC(".maps");

/* ext4 and ext3 are the types whose inodes are an ext4_inode_info for certain. */
static __always_inline int is_ext4(struct super_block *sb)
{
	char name[5] = {};

	if (BPF_CORE_READ(sb, s_magic) != EXT4_SUPER_MAGIC)
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(sb, s_type, name));
	return name[0] == 'e' && name[1] == 'x' && name[2] == 't' && (name[3] == '4' || name[3] == '3');
}

static __always_inline int is_sealed(struct inode *inode)
{
	unsigned long flags = 0;
	void *info;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG || !is_ext4(BPF_CORE_READ(inode, i_sb)))
		return 0;
	info = (void *)inode - bpf_core_field_offset(struct ext4_inode_info, vfs_inode);
	bpf_probe_read_kernel(&flags, sizeof(flags),
			      info + bpf_core_field_offset(struct ext4_inode_info, i_flags));
	return flags & SEALED;
}

static __always_inline struct cgroup *ancestor(struct cgroup *cgroup, int level)
{
	struct cgroup *found = 0;

	bpf_probe_read_kernel(&found, sizeof(found),
			      (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
				      level * sizeof(found));
	return found;
}

static __always_inline int is_named_vserver(struct cgroup *cgroup)
{
	const char wanted[] = { 'v', 's', 'e', 'r', 'v', 'e', 'r', 0 };
	char name[sizeof(wanted) + 1] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(cgroup, kn, name));
#pragma unroll
	for (unsigned int i = 0; i < sizeof(wanted); i++) {
		if (name[i] != wanted[i])
			return 0;
	}
	return 1;
}

static __always_inline int is_in_context(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup *own = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	int level = BPF_CORE_READ(own, level);
	__u32 key = 0;
	__u64 *root = bpf_map_lookup_elem(&settings, &key);

	for (int i = 0; root && i < MAX_DEPTH && i + 2 <= level; i++) {
		if (BPF_CORE_READ(ancestor(own, i), kn, id) == *root)
			return is_named_vserver(ancestor(own, i + 1));
	}
	return 0;
}

/* What a hook answers to a change of `inode`: 0 to let it pass. */
static __always_inline int judge(struct inode *inode)
{
	return is_sealed(inode) && is_in_context() ? -EPERM : 0;
}

/*
 * Which ioctls change an inode through a descriptor for reading: those of the families of file
 * attributes ('f', 'X', 'v') that carry something in, and of those not FS_IOC_FIEMAP.
 */
static __always_inline int changes_inode(unsigned int command)
{
	unsigned int family = command >> 8 & 0xff;
	int only_reads = command >> 30 == 2; /* _IOR */

	if (family != 'f' && family != 'X' && family != 'v')
		return 0;
	return !only_reads && command != 0xc020660b;
}

char _license[] SEC("license") = "GPL";

#endif
