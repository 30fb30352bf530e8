// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * families - the families of sockets that a guest has (BPF LSM, on the cgroup of a context).
 *
 * They are those of the system call filter, which cannot see what a 32-bit program asks of
 * socketcall(2); so is the one protocol of netlink that tells of all processes of the machine.
 * Packet sockets take a capability that guests do not have unless it is given, audit too.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define REFUSE 0 /* EPERM */
#define ALLOW 1

/* bits/socket.h */
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17 };

#define NETLINK_CONNECTOR 11 /* linux/netlink.h */

SEC("lsm_cgroup/socket_create")
int BPF_PROG(socket_create, int family, int type, int protocol)
{
	switch (family) {
	case AF_UNIX:
	case AF_INET:
	case AF_INET6:
	case AF_PACKET:
		return ALLOW;
	case AF_NETLINK:
		return protocol == NETLINK_CONNECTOR ? REFUSE : ALLOW;
	}
	return REFUSE;
}

char _license[] SEC("license") = "GPL";
