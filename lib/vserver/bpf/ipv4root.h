// SPDX-License-Identifier: GPL-2.0
// What the ipv4root programs share: the layout of their maps and the questions asked of them.
// vserver.kernel.leafprograms mirrors struct address_set. Addresses and masks are in network order.
#ifndef IPV4ROOT_H
#define IPV4ROOT_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// asm-generic/socket.h and linux/net.h, which have no copy for a bpf target
#define SOL_SOCKET 1
#define SO_REUSEADDR 2
#define SO_REUSEPORT 15
enum { AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3 };
// asm-generic/errno.h
enum { EPROTONOSUPPORT = 93, EADDRINUSE = 98, EADDRNOTAVAIL = 99, ENETUNREACH = 101, ECONNREFUSED = 111 };

#define MAX_ADDRESSES 16
#define MAX_ROUTES 24

enum set_flags {
	OWN_LOOPBACK = 1,	// in a context: 127.0.0.0/8 stands for the first address
	BIND_V6ONLY = 2,	// sysctl net.ipv6.bindv6only
};

struct source_route {
	__u32 network, mask, source;
};

// One set of addresses. All zero, as when the programs are attached and nothing is written yet, is
// a set that allows nothing.
struct address_set {
	__u32 count, count6, route_count, flags;
	__u64 netns_cookie;	// the network namespace that has the addresses; 0: every one
	__u64 id;		// the cgroup's
	__u32 broadcast, unused;
	__u32 address[MAX_ADDRESSES];
	__u32 address6[MAX_ADDRESSES][4];
	struct source_route route[MAX_ROUTES];	// longest prefix first
};

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct address_set);
} address_sets SEC(".maps");

enum socket_flags {
	BOUND_ANY = 1,		// asked for 0.0.0.0 or [::]
	HIDDEN_V6 = 2,		// asked for an IPv6-only [::] or [::1], put out of reach instead
	V6ONLY = 4,
	V6ONLY_SET = 8,
	OTHER_NETNS = 16,	// made in another network namespace: not ours to filter
	CALLED_V6 = 32,		// the peer at loopback_as was called ::1
	HIDDEN_LOOPBACK = 64,	// HIDDEN_V6: asked for [::1]
	KEEPS_ADDRESS = 128,	// a datagram socket bound without SO_REUSEADDR ...
	KEEPS_PORT = 256,	// ... or without SO_REUSEPORT, or not by root
};

// What has to be remembered of a socket; most have none. An accepted one has a copy of its listener's.
// vserver.kernel.socketstate reads those of all versions.
struct socket_state {
	__u64 set_id;		// the set that BOUND_ANY or HIDDEN_V6 refers to
	__u64 loopback_set;	// the set in which the program called the peer localhost ...
	__u32 loopback_as;	// ... its address ...
	__u16 loopback_port;	// ... and port (network order)
	__u16 asked_port;	// HIDDEN_V6: the port asked for (network order)
	__u32 unused;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct socket_state);
} socket_states SEC(".maps");

// Results of a program: go on, or refuse (EPERM unless bpf_set_retval said otherwise).
enum { REFUSE = 0, ALLOW = 1 };

#define LOCALHOST bpf_htonl(INADDR_LOOPBACK)
#define V4MAPPED bpf_htonl(0xffff)	// the third word of ::ffff:A.B.C.D
#define inline_static static __always_inline

inline_static int refuse(int error)
{
	bpf_set_retval(-error);
	return REFUSE;
}

inline_static int is_loopback(__u32 address)
{
	return (address & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
}

inline_static int is_multicast(__u32 address)
{
	return (address & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000);
}

inline_static int is_any6(const __u32 *address)
{
	return !address[0] && !address[1] && !address[2] && !address[3];
}

inline_static int is_loopback6(const __u32 *address)
{
	return !address[0] && !address[1] && !address[2] && address[3] == bpf_htonl(1);
}

inline_static int is_v4mapped(const __u32 *address)
{
	return !address[0] && !address[1] && address[2] == V4MAPPED;
}

inline_static int equal6(const __u32 *one, const __u32 *other)
{
	return one[0] == other[0] && one[1] == other[1] && one[2] == other[2] && one[3] == other[3];
}

inline_static struct address_set *set_of_cgroup(void)
{
	return bpf_get_local_storage(&address_sets, 0);
}

inline_static int is_other_netns(const struct address_set *set, void *ctx)
{
	return set->netns_cookie && set->netns_cookie != bpf_get_netns_cookie(ctx);
}

// The set that holds for the socket of ctx; NULL where the addresses mean nothing, in a network
// namespace that a sandboxed service made for itself.
inline_static struct address_set *set_of(void *ctx)
{
	struct address_set *set = set_of_cgroup();

	return is_other_netns(set, ctx) ? NULL : set;
}

inline_static int contains(const struct address_set *set, __u32 address)
{
	for (__u32 i = 0; i < MAX_ADDRESSES; i++) {
		if (i >= set->count)
			return 0;
		if (set->address[i] == address)
			return 1;
	}
	return 0;
}

inline_static int contains6(const struct address_set *set, const __u32 *address)
{
	for (__u32 i = 0; i < MAX_ADDRESSES; i++) {
		if (i >= set->count6)
			return 0;
		if (equal6(set->address6[i], address))
			return 1;
	}
	return 0;
}

inline_static int is_broadcast(const struct address_set *set, __u32 address)
{
	return address == INADDR_BROADCAST || (set->broadcast && address == set->broadcast);
}

// The old kernel's rule: the source that routing prefers if it is in the set, else the one in its
// network, else the first; worked out per route by vserver.kernel.routing.
inline_static __u32 choose_source(const struct address_set *set, __u32 destination)
{
	if (set->count < 2)
		return set->address[0];
	if (contains(set, destination))
		return destination;
	for (__u32 i = 0; i < MAX_ROUTES; i++) {
		const struct source_route *route = &set->route[i];

		if (i >= set->route_count)
			break;
		if ((destination & route->mask) == route->network)
			return route->source;
	}
	return set->address[0];
}

inline_static struct socket_state *state_of(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&socket_states, sk, 0, 0);
}

inline_static struct socket_state *make_state(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&socket_states, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
}

// Was the socket bound to "any" under this very set (and not one inside or around it)?
inline_static int bound_any(const struct socket_state *state, const struct address_set *set)
{
	return state && (state->flags & BOUND_ANY) && state->set_id == set->id;
}

#endif
