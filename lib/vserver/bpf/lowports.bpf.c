// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lowports - CAP_NET_BIND_SERVICE means something in a user namespace (on the cgroup of a context).
 *
 * The kernel asks for it in the user namespace that the network belongs to, the host's. So whoever
 * has it in its own is let off that question here: the second bit of the result (Linux 5.12).
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define CAP_NET_BIND_SERVICE 10 /* linux/capability.h */

enum { ALLOW = 1, ALLOW_WITHOUT_CAPABILITY = 3 };

/* The kernel's own structures, as far as they are used; libbpf finds the offsets. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
} kernel_cap_t;
struct cred {
	kernel_cap_t cap_effective;
};
struct task_struct {
	const struct cred *cred;
};
#pragma clang attribute pop

static __always_inline int judge(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u32 capabilities = 0; /* the first 32: of two words until 6.2, of a long one since */

	bpf_core_read(&capabilities, sizeof(capabilities), &cred->cap_effective);
	return capabilities >> CAP_NET_BIND_SERVICE & 1 ? ALLOW_WITHOUT_CAPABILITY : ALLOW;
}

SEC("cgroup/bind4")
int low_bind4(struct bpf_sock_addr *ctx)
{
	return judge();
}

SEC("cgroup/bind6")
int low_bind6(struct bpf_sock_addr *ctx)
{
	return judge();
}

char _license[] SEC("license") = "GPL";
