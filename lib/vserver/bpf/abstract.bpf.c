// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * abstract - a guest has abstract Unix sockets of its own (Linux 6.7, on the cgroup of a context).
 *
 * Their names are those of the network namespace, which guests share with the host. For a guest,
 * a name stands for a socket only where that was made in the same context; whatever else there is
 * looks as if it was not. Names in a file system need nothing: whoever sees the file was given it.
 *
 * The kernel's table is read without its lock. Who changes it meanwhile makes the search miss a
 * socket, which is refused then; nobody can make it find one that is not there.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define ECONNREFUSED 111
#define REFUSE 0
#define PASS 1

#define MAX_DEPTH 32
#define MAX_CHAIN 128
#define FIRST_BUCKET 256 /* net/unix/af_unix.c: names in a file system are in those before */
#define BUCKETS 256
#define WORDS 14 /* of eight bytes, for a struct sockaddr_un of 110 */

/* The kernel's own structures, as far as they are used; libbpf finds the offsets. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct kernfs_node {
	__u64 id;
};
struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1];
};
struct hlist_node {
	struct hlist_node *next;
};
struct hlist_head {
	struct hlist_node *first;
};
struct unix_table {
	struct hlist_head *buckets;
};
struct netns_unix {
	struct unix_table table;
};
struct net {
	struct netns_unix unx;
};
typedef struct {
	struct net *net;
} possible_net_t;
struct sock_common {
	possible_net_t skc_net;
	struct hlist_node skc_node;
};
struct sock_cgroup_data {
	struct cgroup *cgroup;
};
struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
	__u16 sk_type;
};
struct sockaddr_un {
	__u16 sun_family;
};
struct unix_address {
	int len;
	struct sockaddr_un name[0];
};
struct unix_sock {
	struct unix_address *addr;
};
struct bpf_sock_addr_kern {
	struct sock *sk;
	void *uaddr;
	__u32 uaddrlen;
};
#pragma clang attribute pop

extern void *bpf_cast_to_kern_ctx(void *) __ksym;

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, __u64);
} contexts SEC(".maps"); /* the id of the cgroup that the program is attached to */

struct wanted {
	__u64 name[WORDS];
	__u32 length;
	__u16 type;
	__u8 is_found;
	__u64 context;
	struct hlist_head *buckets;
};

static __always_inline int is_in(struct sock *sk, __u64 context)
{
	struct cgroup *own = BPF_CORE_READ(sk, sk_cgrp_data.cgroup), *at = 0;
	void *ancestors = (void *)own + bpf_core_field_offset(struct cgroup, ancestors);
	int level = BPF_CORE_READ(own, level);

	for (int i = 0; i < MAX_DEPTH && i <= level; i++) {
		bpf_probe_read_kernel(&at, sizeof(at), ancestors + i * sizeof(at));
		if (BPF_CORE_READ(at, kn, id) == context)
			return 1;
	}
	return 0;
}

static __always_inline void read_name(__u64 *name, void *address, __u32 length)
{
	__builtin_memset(name, 0, WORDS * sizeof(*name));
	if (length <= WORDS * sizeof(*name))
		bpf_probe_read_kernel(name, length, address);
}

/* Not static, with a number for the socket: so it is verified once and not for each call. */
__noinline int is_wanted(__u64 socket, struct wanted *wanted)
{
	struct sock *sk = (void *)socket;
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	__u64 name[WORDS], difference = 0;

	if (!wanted || !address || BPF_CORE_READ(address, len) != wanted->length ||
	    BPF_CORE_READ(sk, sk_type) != wanted->type)
		return 0;
	read_name(name, (void *)address + bpf_core_field_offset(struct unix_address, name),
		  wanted->length);
	for (int i = 0; i < WORDS; i++)
		difference |= name[i] ^ wanted->name[i];
	return !difference && is_in(sk, wanted->context);
}

static int search_bucket(__u32 index, void *context)
{
	struct wanted *wanted = context;
	struct hlist_head *head = (void *)wanted->buckets + (FIRST_BUCKET + index) * sizeof(void *);
	struct hlist_node *node = BPF_CORE_READ(head, first);

	for (int i = 0; i < MAX_CHAIN && node; i++) {
		void *sk = (void *)node - bpf_core_field_offset(struct sock, __sk_common.skc_node);

		if (is_wanted((__u64)sk, wanted)) {
			wanted->is_found = 1;
			return 1;
		}
		node = BPF_CORE_READ(node, next);
	}
	return 0;
}

static __always_inline int judge(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_addr_kern *call = bpf_cast_to_kern_ctx(ctx);
	__u64 *context = bpf_get_local_storage(&contexts, 0);
	struct sock *sk = BPF_CORE_READ(call, sk);
	struct wanted wanted = {
		.length = BPF_CORE_READ(call, uaddrlen),
		.type = BPF_CORE_READ(sk, sk_type),
		.context = *context,
		.buckets = BPF_CORE_READ(sk, __sk_common.skc_net.net, unx.table.buckets),
	};

	read_name(wanted.name, BPF_CORE_READ(call, uaddr), wanted.length);
	if (wanted.length <= sizeof(__u16) || ((char *)wanted.name)[sizeof(__u16)])
		return PASS;
	bpf_loop(BUCKETS, search_bucket, &wanted, 0);
	if (wanted.is_found)
		return PASS;
	bpf_set_retval(-ECONNREFUSED);
	return REFUSE;
}

/* The sections' names are of IPv4: no libbpf before 1.4 knows those of Unix sockets. */
SEC("cgroup/connect4")
int connect_unix(struct bpf_sock_addr *ctx)
{
	return judge(ctx);
}

SEC("cgroup/sendmsg4")
int sendmsg_unix(struct bpf_sock_addr *ctx)
{
	return judge(ctx);
}

char _license[] SEC("license") = "GPL";
