// SPDX-License-Identifier: GPL-2.0
// ipv4root: the processes of a cgroup use the addresses of one set and no others.
//
// Every program is attached to the cgroup itself, the set is that cgroup's local storage. An inner
// cgroup has programs and a set of its own, which run first: both must agree, so that a set inside
// another one can only be narrower. The hooks run for the cgroup a socket was made in. UAPI types
// only: no BTF of the kernel is needed.
#include "ipv4root.h"
#include "wildcard.h"

#define MPTCP 262	// IPPROTO_MPTCP, newer than some uapi headers

char _license[] SEC("license") = "GPL";

// ---- which sockets there can be -------------------------------------------------------------

// Its listeners cannot be in a map, and so not on further addresses. And who knows the token of a
// connection can add a path to it by any listener of that port, whosever address that is on: in a
// context this would be a way to use the addresses of others.
inline_static int has_mptcp(const struct address_set *set)
{
	return set->count < 2 && !(set->flags & OWN_LOOPBACK);
}

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	struct address_set *set = set_of_cgroup();
	__u32 protocol = ctx->protocol;

	if (is_other_netns(set, ctx)) {
		struct socket_state *state = make_state(ctx);

		if (!state)
			return REFUSE;
		state->flags |= OTHER_NETNS;
		return ALLOW;
	}
	switch (ctx->type) {
	case SOCK_STREAM:
		if (protocol == 0 || protocol == IPPROTO_TCP)
			return ALLOW;
		if (protocol == MPTCP && has_mptcp(set))
			return ALLOW;
		break;
	case SOCK_DGRAM:
		if (protocol == 0 || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
		    protocol == IPPROTO_ICMPV6)
			return ALLOW;
		break;
	case SOCK_RAW:
		return ALLOW;	// the kernel has asked for CAP_NET_RAW
	}
	return refuse(EPROTONOSUPPORT);
}

// ---- bind -----------------------------------------------------------------------------------

enum bind_kind { BIND_REFUSED, BIND_ONE, BIND_ANY };

// Replace the address that bind(2) was given by the one that it means here.
inline_static enum bind_kind resolve_bind(const struct address_set *set, __u32 *address)
{
	if (contains(set, *address) || is_broadcast(set, *address) || is_multicast(*address))
		return BIND_ONE;
	if (!set->count)
		return BIND_REFUSED;
	if (*address == INADDR_ANY) {
		*address = set->address[0];
		return BIND_ANY;
	}
	if (*address == LOCALHOST || (is_loopback(*address) && (set->flags & OWN_LOOPBACK))) {
		*address = set->address[0];
		return BIND_ONE;
	}
	return BIND_REFUSED;
}

// Forget what an earlier bind was noted as, which the kernel then refused, or a disconnect undid.
inline_static void forget_bind(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	struct socket_state *state = state_of(ctx->sk);

	if (!state || state->set_id != set->id)
		return;
	if (state->flags & BOUND_ANY)
		forget_registration(ctx->sk, ctx->type, set);
	state->flags &= ~(BOUND_ANY | HIDDEN_V6);
}

// A socket that is bound already; the kernel refuses it another bind.
inline_static int is_bound(struct bpf_sock_addr *ctx)
{
	return ctx->sk->src_port != 0;
}

// bind(2) to *address over IPv4, by a socket of either family; *address is replaced.
inline_static int bind_ipv4(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 *address)
{
	enum bind_kind kind = resolve_bind(set, address);

	if (kind == BIND_REFUSED)
		return refuse(EADDRNOTAVAIL);
	if (ctx->type == SOCK_DGRAM && !note_sharing(ctx))
		return REFUSE;
	if (is_covered(ctx, set, *address, kind == BIND_ANY))
		return refuse(EADDRINUSE);
	if (kind == BIND_ANY)
		return note_any(ctx, set);
	return ALLOW;
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 address = ctx->user_ip4;

	if (!set || is_bound(ctx))
		return ALLOW;
	forget_bind(ctx, set);
	if (!bind_ipv4(ctx, set, &address))
		return REFUSE;
	ctx->user_ip4 = address;
	return ALLOW;
}

inline_static int is_v6only(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	const struct socket_state *state = state_of(ctx->sk);

	if (state && (state->flags & V6ONLY_SET))
		return state->flags & V6ONLY;
	return set->flags & BIND_V6ONLY;
}

// An IPv6-only [::] where the set has no IPv6 address, or [::1] where it is not in the set. Refusing
// would break programs that bind both families (nginx, sshd for itself and for X11 displays): bind it
// where no packet can reach it.
inline_static int hide(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 flags)
{
	struct socket_state *state = make_state(ctx->sk);

	if (!state)
		return REFUSE;
	state->flags = (state->flags & ~HIDDEN_LOOPBACK) | HIDDEN_V6 | flags;
	state->set_id = set->id;
	state->asked_port = ctx->user_port;
	ctx->user_ip6[3] = bpf_htonl(1);
	ctx->user_port = 0;
	return ALLOW;
}

inline_static int bind_any6(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	if (!set->count6)
		return hide(ctx, set, 0);
	ctx->user_ip6[0] = set->address6[0][0];
	ctx->user_ip6[1] = set->address6[0][1];
	ctx->user_ip6[2] = set->address6[0][2];
	ctx->user_ip6[3] = set->address6[0][3];
	return ALLOW;
}

inline_static int bind_loopback6(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	const struct socket_state *state = state_of(ctx->sk);

	if (state && (state->flags & HIDDEN_V6) && state->set_id != set->id)
		return ALLOW;	// an inner set has hidden it
	if (!is_v6only(ctx, set))
		return refuse(EADDRNOTAVAIL);
	return hide(ctx, set, HIDDEN_LOOPBACK);
}

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };
	int any = is_any6(address);

	if (!set || is_bound(ctx))
		return ALLOW;
	forget_bind(ctx, set);
	if (any && (is_v6only(ctx, set) || (!set->count && set->count6)))
		return bind_any6(ctx, set);
	if (any || is_v4mapped(address)) {
		if (!bind_ipv4(ctx, set, &address[3]))
			return REFUSE;
		ctx->user_ip6[2] = V4MAPPED;
		ctx->user_ip6[3] = address[3];
		return ALLOW;
	}
	if (contains6(set, address))
		return ALLOW;
	if (is_loopback6(address))
		return bind_loopback6(ctx, set);
	return refuse(EADDRNOTAVAIL);
}

// IPV6_V6ONLY is in no field a bind program may read, so it is noted when it is set.
SEC("cgroup/setsockopt")
int setsockopt(struct bpf_sockopt *ctx)
{
	int *value = ctx->optval;

	if (ctx->level == IPPROTO_IPV6 && ctx->optname == IPV6_V6ONLY && ctx->sk &&
	    (void *)(value + 1) <= ctx->optval_end) {
		struct socket_state *state = make_state(ctx->sk);

		if (!state)
			return REFUSE;
		state->flags = (state->flags & ~V6ONLY) | V6ONLY_SET | (*value ? V6ONLY : 0);
	}
	if (ctx->optlen > 4096)
		ctx->optlen = 0;	// longer than the copy that programs see: pass it on untouched
	return ALLOW;
}

// ---- connect and send -----------------------------------------------------------------------

// The destination that the program means by *address. 127.0.0.1 is remembered, to be shown again.
inline_static int resolve_destination(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 *address)
{
	int own = (is_loopback(*address) || *address == INADDR_ANY) && !contains(set, *address);
	struct socket_state *state;

	if (!(set->flags & OWN_LOOPBACK))
		return ALLOW;
	state = own ? make_state(ctx->sk) : state_of(ctx->sk);
	if (own) {
		if (!state)
			return REFUSE;
		*address = set->address[0];
		state->loopback_set = set->id;
		state->loopback_as = *address;
		state->loopback_port = ctx->user_port;
		state->flags &= ~CALLED_V6;
	} else if (state && state->loopback_set == set->id) {
		state->loopback_as = 0;	// but an outer set leaves it as the inner one has noted it
	}
	return ALLOW;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 destination = ctx->user_ip4;

	if (!set)
		return ALLOW;
	if (!resolve_destination(ctx, set, &destination))
		return REFUSE;
	ctx->user_ip4 = destination;
	if (!set->count)
		return refuse(ENETUNREACH);
	if (!ctx->sk->src_ip4) {
		struct sockaddr_in source = {
			.sin_family = AF_INET,
			.sin_addr.s_addr = choose_source(set, destination),
		};

		if (bpf_bind(ctx, (struct sockaddr *)&source, sizeof(source)))
			return refuse(EADDRNOTAVAIL);
		return ALLOW;
	}
	return contains(set, ctx->sk->src_ip4);
}

inline_static int bind_source6(struct bpf_sock_addr *ctx, const __u32 *address)
{
	struct sockaddr_in6 source = { .sin6_family = AF_INET6 };

	__builtin_memcpy(&source.sin6_addr, address, sizeof(source.sin6_addr));
	if (bpf_bind(ctx, (struct sockaddr *)&source, sizeof(source)))
		return refuse(EADDRNOTAVAIL);
	return ALLOW;
}

inline_static int connect_v4mapped(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 destination,
				   int is_unbound)
{
	__u32 source[4] = { 0, 0, V4MAPPED, 0 };

	if (!resolve_destination(ctx, set, &destination))
		return REFUSE;
	ctx->user_ip6[3] = destination;
	if (!is_unbound)
		return contains(set, ctx->sk->src_ip6[3]);
	if (!set->count)
		return refuse(ENETUNREACH);
	source[3] = choose_source(set, destination);
	return bind_source6(ctx, source);
}

// ::1 is 127.0.0.1: there is nothing on it, and "localhost" may mean it first.
inline_static int connect_loopback6(struct bpf_sock_addr *ctx, const struct address_set *set, int is_unbound)
{
	struct socket_state *state;

	if (!set->count)
		return refuse(ECONNREFUSED);
	ctx->user_ip6[2] = V4MAPPED;
	if (!connect_v4mapped(ctx, set, LOCALHOST, is_unbound))
		return REFUSE;
	state = state_of(ctx->sk);
	if (state && state->loopback_set == set->id)
		state->flags |= CALLED_V6;
	return ALLOW;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 destination[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };
	__u32 source[4] = { ctx->sk->src_ip6[0], ctx->sk->src_ip6[1], ctx->sk->src_ip6[2], ctx->sk->src_ip6[3] };
	int is_unbound = is_any6(source);

	if (!set)
		return ALLOW;
	if (is_v4mapped(destination))
		return connect_v4mapped(ctx, set, destination[3], is_unbound);
	if ((is_any6(destination) || is_loopback6(destination)) && !contains6(set, destination))
		return connect_loopback6(ctx, set, is_unbound);
	if (!set->count6)
		return refuse(ENETUNREACH);
	return is_unbound ? bind_source6(ctx, set->address6[0]) : contains6(set, source);
}

// The source of a datagram from a socket that is not connected.
inline_static __u32 datagram_source(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 destination)
{
	__u32 source = ctx->msg_src_ip4, *answered;

	if (source == INADDR_ANY || (is_loopback(source) && !contains(set, source)))
		return choose_source(set, destination);
	if (set->count < 2 || source != set->address[0] || !bound_any(state_of(ctx->sk), set))
		return source;
	answered = address_asked(source, destination, ctx);
	return answered ? *answered : choose_source(set, destination);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 destination = ctx->user_ip4, source;

	if (!set)
		return ALLOW;
	if (!set->count)
		return refuse(ENETUNREACH);
	if (!resolve_destination(ctx, set, &destination))
		return REFUSE;
	source = datagram_source(ctx, set, destination);
	ctx->user_ip4 = destination;
	ctx->msg_src_ip4 = source;
	return contains(set, source);
}

// Is it the host's ::1 that the datagram would go to? It cannot go to 127.0.0.1 instead, as
// connections do: the kernel takes no change of the family here.
inline_static int is_foreign_loopback6(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	__u32 destination[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3] };

	return (set->flags & OWN_LOOPBACK) && (is_any6(destination) || is_loopback6(destination)) &&
	       !contains6(set, destination);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	struct address_set *set = set_of(ctx);
	__u32 source[4] = { ctx->msg_src_ip6[0], ctx->msg_src_ip6[1], ctx->msg_src_ip6[2], ctx->msg_src_ip6[3] };

	if (!set)
		return ALLOW;
	if (!set->count6 || is_foreign_loopback6(ctx, set))
		return refuse(ENETUNREACH);
	if (!is_any6(source))
		return contains6(set, source);
	ctx->msg_src_ip6[0] = set->address6[0][0];
	ctx->msg_src_ip6[1] = set->address6[0][1];
	ctx->msg_src_ip6[2] = set->address6[0][2];
	ctx->msg_src_ip6[3] = set->address6[0][3];
	return ALLOW;
}

// ---- what a program is shown ----------------------------------------------------------------

inline_static int was_called_localhost(struct bpf_sock_addr *ctx, __u32 peer)
{
	const struct socket_state *state = state_of(ctx->sk);

	return state && peer && state->loopback_as == peer && state->loopback_port == ctx->user_port;
}

inline_static int was_called_v6(struct bpf_sock_addr *ctx)
{
	const struct socket_state *state = state_of(ctx->sk);

	return state && (state->flags & CALLED_V6);
}

inline_static int show_peer4(struct bpf_sock_addr *ctx)
{
	if (was_called_localhost(ctx, ctx->user_ip4))
		ctx->user_ip4 = LOCALHOST;
	return ALLOW;
}

inline_static int show_peer6(struct bpf_sock_addr *ctx)
{
	if (ctx->user_ip6[2] != V4MAPPED || !was_called_localhost(ctx, ctx->user_ip6[3]))
		return ALLOW;
	if (was_called_v6(ctx)) {
		ctx->user_ip6[2] = 0;
		ctx->user_ip6[3] = bpf_htonl(1);
	} else {
		ctx->user_ip6[3] = LOCALHOST;
	}
	return ALLOW;
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return show_peer4(ctx);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return show_peer6(ctx);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return show_peer4(ctx);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return show_peer6(ctx);
}

// Is what the socket is bound to, by its own name, all the addresses of a set of several?
inline_static int shows_as_any(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	return set->count > 1 && !ctx->sk->dst_port && bound_any(state_of(ctx->sk), set);
}

SEC("cgroup/getsockname4")
int getsockname4(struct bpf_sock_addr *ctx)
{
	if (shows_as_any(ctx, set_of_cgroup()))
		ctx->user_ip4 = INADDR_ANY;
	return ALLOW;
}

SEC("cgroup/getsockname6")
int getsockname6(struct bpf_sock_addr *ctx)
{
	const struct socket_state *state = state_of(ctx->sk);

	if (state && (state->flags & HIDDEN_V6)) {
		if (!(state->flags & HIDDEN_LOOPBACK))
			ctx->user_ip6[3] = 0;
		if (state->asked_port)
			ctx->user_port = state->asked_port;
	} else if (shows_as_any(ctx, set_of_cgroup())) {
		ctx->user_ip6[2] = 0;
		ctx->user_ip6[3] = 0;
	}
	return ALLOW;
}

// ---- the second wall: no packet with a foreign address leaves or reaches a socket --------------

// Offsets in the IPv4 and the IPv6 header (RFC 791, RFC 8200).
enum { IPV4_SOURCE = 12, IPV4_DESTINATION = 16, IPV6_SOURCE = 8, IPV6_DESTINATION = 24 };

#define ETHERTYPE_IPV6 bpf_htons(0x86dd)

// A socket whose packets are not held to the set. One for ICMP alone and a raw one have no hook
// that could choose the source, so routing does; raw ones are for those who may use packet sockets.
// Or one made in another network namespace: the programs on packets cannot ask for the cookie.
inline_static int is_exempt(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct socket_state *state;

	if (!sk)
		return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return 0;
	if (sk->type == SOCK_RAW || sk->protocol == IPPROTO_ICMP)
		return 1;
	state = state_of(sk);
	return state && (state->flags & OTHER_NETNS);
}

inline_static int filter6(struct __sk_buff *skb, const struct address_set *set, __u32 offset)
{
	__u32 address[4];

	if (bpf_skb_load_bytes(skb, offset, address, sizeof(address)))
		return REFUSE;
	if (contains6(set, address))
		return ALLOW;
	return set->count6 && offset == IPV6_DESTINATION && (address[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

inline_static int filter4(struct __sk_buff *skb, const struct address_set *set, __u32 offset)
{
	__u32 address;

	if (bpf_skb_load_bytes(skb, offset, &address, sizeof(address)))
		return REFUSE;
	if (contains(set, address))
		return ALLOW;
	return offset == IPV4_DESTINATION && (is_broadcast(set, address) || is_multicast(address));
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	const struct address_set *set = set_of_cgroup();

	if (skb->protocol == ETHERTYPE_IPV6 ? filter6(skb, set, IPV6_SOURCE) : filter4(skb, set, IPV4_SOURCE))
		return ALLOW;
	return is_exempt(skb);
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	const struct address_set *set = set_of_cgroup();

	if (skb->protocol == ETHERTYPE_IPV6 ? !filter6(skb, set, IPV6_DESTINATION) : !filter4(skb, set, IPV4_DESTINATION))
		return is_exempt(skb);
	if (set->count > 1)
		note_asked(skb, set);
	return ALLOW;
}
