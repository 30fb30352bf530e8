// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * devices - the device nodes that a guest may use, wherever they lie.
 *
 * The list is that of the old package's build command, and the pseudo-terminals of the guest's
 * own devpts. It holds for making nodes, too: a guest
 * that was given CAP_MKNOD gets those of the list and no others.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* major numbers, Documentation/admin-guide/devices.txt */
#define MEMORY 1
#define TTY_AUX 5
#define PTY_SLAVE_FIRST 136
#define PTY_SLAVE_LAST 143

static __always_inline int is_memory(__u32 minor)
{
	switch (minor) {
	case 3: /* null */
	case 5: /* zero */
	case 7: /* full */
	case 8: /* random */
	case 9: /* urandom */
		return 1;
	}
	return 0;
}

SEC("cgroup/dev")
int devices(struct bpf_cgroup_dev_ctx *ctx)
{
	if ((ctx->access_type & 0xffff) != BPF_DEVCG_DEV_CHAR)
		return 0;
	switch (ctx->major) {
	case MEMORY:
		return is_memory(ctx->minor);
	case TTY_AUX: /* tty, ptmx */
		return ctx->minor == 0 || ctx->minor == 2;
	}
	return ctx->major >= PTY_SLAVE_FIRST && ctx->major <= PTY_SLAVE_LAST;
}

char _license[] SEC("license") = "GPL";
