// SPDX-License-Identifier: GPL-2.0
// 0.0.0.0 over several addresses, and broadcasts.
//
// A socket that asks for 0.0.0.0 is bound to the first address of its set: so two sets that have no
// address in common can use the same port. What the other addresses receive is brought to it:
// TCP connections by sk_lookup from a map of listeners, datagrams by a filter on the devices, and
// a broadcast datagram by one copy per socket.
#ifndef WILDCARD_H
#define WILDCARD_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include "endpoints.h"
#include "ipv4root.h"

#define MAX_PORTS 65536

// The maps of this file are the same for all versions of the programs that are in use, so that each
// knows the ports of the others. Whoever changes what is in one of them changes LAYOUT, which
// vserver.kernel.wildcard has in the path of the maps.
#define LAYOUT 3

// TCP: the listeners that serve a further address. Several slots, so that a group of listeners
// (SO_REUSEPORT, or old and new while a service reloads) survives the end of one of them.
#define LISTENER_SLOTS 4

struct listener_key {
	__u32 address;
	__u16 port;	// host order
	__u16 slot;
};

struct {
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, MAX_PORTS);
	__type(key, struct listener_key);
	__type(value, __u64);
} listeners SEC(".maps");

// UDP: who serves a further address.
#define WILDCARD_BUCKETS 8192

struct {
	TABLE_OF_ENDPOINTS(WILDCARD_BUCKETS);
} wildcards SEC(".maps");

inline_static struct bucket *wildcard_bucket(__u64 endpoint)
{
	return bucket_of(&wildcards, WILDCARD_BUCKETS, endpoint);
}

// Who gets the datagrams sent to a broadcast address.
#define BROADCAST_BUCKETS 2048

struct {
	TABLE_OF_ENDPOINTS(BROADCAST_BUCKETS);
} broadcasts SEC(".maps");

inline_static struct bucket *broadcast_bucket(__u64 endpoint)
{
	return bucket_of(&broadcasts, BROADCAST_BUCKETS, endpoint);
}

// ---- room in the tables that all sets share ----------------------------------------------------

// What one set has there at most: entries for further addresses, and sockets that hear broadcasts.
// Its other sockets serve the first address alone.
#define MAX_FURTHER 4096
#define MAX_HEARING 256

struct room {
	__u32 further, hearing;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);	// the id of the set
	__type(value, struct room);
} rooms SEC(".maps");

inline_static struct room *room_of(const struct address_set *set)
{
	struct room none = {};

	bpf_map_update_elem(&rooms, &set->id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rooms, &set->id);
}

inline_static int take_room(__u32 *used, __u32 entries, __u32 most)
{
	if (__sync_fetch_and_add(used, entries) + entries <= most)
		return 1;
	__sync_fetch_and_add(used, -entries);
	return 0;
}

inline_static void give_room(__u32 *used, __u32 entries)
{
	if (*used >= entries)	// the table may have forgotten the set meanwhile
		__sync_fetch_and_add(used, -entries);
}

// ---- what a socket has in the tables -----------------------------------------------------------

enum entries {
	SERVES_FURTHER = 1,	// in wildcards or listeners
	HEARS_BROADCASTS = 2,	// in broadcasts
};

// Not part of struct socket_state, of which accepted sockets have a copy: they have no entries.
struct registration {
	__u64 set_id;
	__u32 entries;
	__u32 added;	// which of them there was room for: FURTHER and BROADCAST
	__u16 port;	// network order
	__u16 unused[3];
};

#define FURTHER(i) (1u << (i))
#define BROADCAST(i) (1u << (MAX_ADDRESSES + (i)))

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct registration);
} registrations SEC(".maps");

inline_static struct registration *make_registration(struct bpf_sock *sk, const struct address_set *set)
{
	struct registration *made = bpf_sk_storage_get(&registrations, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (made)
		made->set_id = set->id;
	return made;
}

// ---- datagrams -------------------------------------------------------------------------------

#define FRAGMENT_OFFSET bpf_htons(0x1fff)

struct datagram {
	__u32 source, destination;
	__u16 source_port, destination_port;
};

// Read the headers of a UDP datagram over IPv4; 0 for anything else and for a later fragment.
// Relative to the network header: a packet that loops back has no link-layer one.
inline_static int read_datagram(struct __sk_buff *skb, struct datagram *datagram)
{
	struct iphdr ip;
	struct udphdr udp;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof(ip), BPF_HDR_START_NET) ||
	    ip.protocol != IPPROTO_UDP || (ip.frag_off & FRAGMENT_OFFSET) ||
	    bpf_skb_load_bytes_relative(skb, ip.ihl * 4, &udp, sizeof(udp), BPF_HDR_START_NET))
		return 0;
	datagram->source = ip.saddr;
	datagram->destination = ip.daddr;
	datagram->source_port = udp.source;
	datagram->destination_port = udp.dest;
	return 1;
}

// ---- the address that was asked -----------------------------------------------------------------

struct conversation {
	__u32 peer;
	__u16 peer_port, port;	// network order
	__u32 first;
};

struct {
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct conversation);
	__type(value, __u32);
} addresses_asked SEC(".maps");

// A datagram reaches a socket of the set: if that is on 0.0.0.0, remember for the answer which of
// several addresses was asked. The first one needs it, too, where routing prefers another, or where
// the same peer asked another before.
inline_static void note_asked(struct __sk_buff *skb, const struct address_set *set)
{
	struct bpf_sock *sk = skb->sk;
	struct conversation key = { .first = set->address[0] };
	struct datagram datagram;
	const __u32 *known;

	if (!sk || !read_datagram(skb, &datagram) || !contains(set, datagram.destination))
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !bound_any(state_of(sk), set))
		return;
	key.peer = datagram.source;
	key.peer_port = datagram.source_port;
	key.port = datagram.destination_port;
	known = bpf_map_lookup_elem(&addresses_asked, &key);
	if ((known ? *known : choose_source(set, key.peer)) != datagram.destination)
		bpf_map_update_elem(&addresses_asked, &key, &datagram.destination, BPF_ANY);
}

inline_static __u32 *address_asked(__u32 first, __u32 peer, struct bpf_sock_addr *ctx)
{
	struct conversation key = {
		.peer = peer,
		.peer_port = ctx->user_port,
		.port = bpf_htons(ctx->sk->src_port),
		.first = first,
	};

	return bpf_map_lookup_elem(&addresses_asked, &key);
}

// ---- bind: is the port taken where the kernel itself would not see it? -------------------------

inline_static int is_root(void)
{
	return !(__u32)bpf_get_current_uid_gid();
}

// With whom a datagram socket shares its address and port. Of one that was bound outside of all sets
// that is not known: with everyone who shares.
inline_static __u32 sharing_of(const struct socket_state *state)
{
	__u32 kept = state ? state->flags : 0;

	return (kept & KEEPS_ADDRESS ? 0 : SHARES_ADDRESS) | (kept & KEEPS_PORT ? 0 : SHARES_PORT);
}

// The options of a datagram socket can be asked for at its bind only. SO_REUSEPORT is for sockets of
// one user, and the users of others are not known here: root's share with root's.
inline_static int note_sharing(struct bpf_sock_addr *ctx)
{
	struct socket_state *state = make_state(ctx->sk);
	int address = 0, port = 0;

	if (!state)
		return REFUSE;
	bpf_getsockopt(ctx, SOL_SOCKET, SO_REUSEADDR, &address, sizeof(address));
	bpf_getsockopt(ctx, SOL_SOCKET, SO_REUSEPORT, &port, sizeof(port));
	state->flags &= ~(KEEPS_ADDRESS | KEEPS_PORT);
	state->flags |= (address ? 0 : KEEPS_ADDRESS) | (port && is_root() ? 0 : KEEPS_PORT);
	return ALLOW;
}

// Does a datagram socket of other addresses serve this endpoint too, and not share it?
inline_static int is_wildcard_elsewhere(const struct address_set *set, __u32 address, __u16 port, int any,
					__u32 sharing)
{
	__u64 endpoint = endpoint_of(address, port);
	const struct bucket *bucket = wildcard_bucket(endpoint);

	if (!bucket)
		return 0;
	for (__u32 i = 0; i < SLOTS; i++) {
		const struct entry *entry = &bucket->slot[i];

		if (entry->endpoint == endpoint && !(any && entry->first == set->address[0]) &&
		    !(entry->sharing & sharing))
			return 1;
	}
	return 0;
}

// Does a socket that was found serve the address without being bound to it, or is it bound to one
// that "any" would cover?
inline_static int is_in_the_way(struct bpf_sock *found, const struct address_set *set, __u32 address, int any)
{
	const struct socket_state *state = state_of(found);

	if (any && state && (state->flags & BOUND_ANY) && found->src_ip4 == set->address[0])
		return 0;	// of this set or one like it; on the first address the kernel decides
	return found->src_ip4 != address || (any && address != set->address[0]);
}

inline_static int is_taken(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 address, int any)
{
	struct bpf_sock_tuple tuple = { .ipv4 = { .daddr = address, .dport = ctx->user_port } };
	__u32 sharing = ctx->type == SOCK_DGRAM ? sharing_of(state_of(ctx->sk)) : 0;
	struct bpf_sock *found;
	int taken;

	if (ctx->type == SOCK_STREAM)
		found = bpf_sk_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else if (is_wildcard_elsewhere(set, address, ctx->user_port, any, sharing))
		return 1;
	else
		found = bpf_sk_lookup_udp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return 0;
	taken = is_in_the_way(found, set, address, any) && !(sharing & sharing_of(state_of(found)));
	bpf_sk_release(found);
	return taken;
}

// Would a bind to the address, or with any to all of the set, cover what another socket serves?
inline_static int is_covered(struct bpf_sock_addr *ctx, const struct address_set *set, __u32 address, int any)
{
	if (!ctx->user_port)
		return 0;
	if (!any)
		return is_taken(ctx, set, address, 0);
	for (__u32 i = 0; i < MAX_ADDRESSES; i++) {
		if (i >= set->count)
			break;
		if (is_taken(ctx, set, set->address[i], 1))
			return 1;
	}
	return 0;
}

// Remember that "any" was asked for: further addresses and broadcasts depend on it.
inline_static int note_any(struct bpf_sock_addr *ctx, const struct address_set *set)
{
	struct socket_state *state;

	if (set->count < 2 && ctx->type != SOCK_DGRAM)
		return ALLOW;
	state = make_state(ctx->sk);
	if (!state)
		return REFUSE;
	state->flags |= BOUND_ANY;
	state->set_id = set->id;
	return ALLOW;
}

// ---- datagram sockets: register at bind, forget at close ---------------------------------------

// For bpf_loop() over the further addresses of a set, and over its broadcast addresses.
struct service {
	const struct address_set *set;
	__u32 sharing, added;
	__u16 port;	// network order
};

static long add_further(__u32 i, struct service *service)
{
	struct bucket *bucket;
	__u64 endpoint;

	if (i >= MAX_ADDRESSES - 1)
		return 1;
	endpoint = endpoint_of(service->set->address[i + 1], service->port);
	bucket = wildcard_bucket(endpoint);
	if (bucket && add_socket(bucket, endpoint, service->set->address[0], service->sharing))
		service->added |= FURTHER(i);
	return 0;
}

static long remove_further(__u32 i, struct service *service)
{
	struct bucket *bucket;
	__u64 endpoint;

	if (i >= MAX_ADDRESSES - 1)
		return 1;
	if (!(service->added & FURTHER(i)))
		return 0;
	endpoint = endpoint_of(service->set->address[i + 1], service->port);
	bucket = wildcard_bucket(endpoint);
	if (bucket)
		remove_socket(bucket, endpoint, service->set->address[0]);
	return 0;
}

inline_static __u32 broadcasts_of(const struct address_set *set)
{
	return set->broadcast && set->broadcast != INADDR_BROADCAST ? 2 : 1;
}

static long add_hearer(__u32 i, struct service *service)
{
	__u64 endpoint = endpoint_of(i ? service->set->broadcast : INADDR_BROADCAST, service->port);
	struct bucket *bucket = broadcast_bucket(endpoint);

	if (bucket && add_socket(bucket, endpoint, service->set->address[0], service->sharing))
		service->added |= BROADCAST(i);
	return 0;
}

static long remove_hearer(__u32 i, struct service *service)
{
	__u64 endpoint = endpoint_of(i ? service->set->broadcast : INADDR_BROADCAST, service->port);
	struct bucket *bucket = broadcast_bucket(endpoint);

	if (bucket && service->added & BROADCAST(i))
		remove_socket(bucket, endpoint, service->set->address[0]);
	return 0;
}

inline_static int register_datagram(struct bpf_sock *ctx)
{
	const struct address_set *set;
	struct registration *made;
	struct service service;
	struct room *room;

	if (ctx->type != SOCK_DGRAM)
		return ALLOW;
	set = set_of(ctx);
	if (!set || !bound_any(state_of(ctx), set))
		return ALLOW;
	room = room_of(set);
	made = room ? make_registration(ctx, set) : NULL;
	if (!made)
		return ALLOW;
	service = (struct service){
		.set = set,
		.sharing = sharing_of(state_of(ctx)),
		.port = bpf_htons(ctx->src_port),
	};
	made->port = service.port;
	if (set->count > 1 && take_room(&room->further, set->count - 1, MAX_FURTHER)) {
		made->entries |= SERVES_FURTHER;
		bpf_loop(set->count - 1, add_further, &service, 0);
	}
	if (take_room(&room->hearing, 1, MAX_HEARING)) {
		made->entries |= HEARS_BROADCASTS;
		bpf_loop(broadcasts_of(set), add_hearer, &service, 0);
	}
	made->added = service.added;
	return ALLOW;
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *ctx)
{
	return register_datagram(ctx);
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *ctx)
{
	return register_datagram(ctx);
}

inline_static void forget_datagram(const struct address_set *set, const struct registration *made)
{
	struct service service = { .set = set, .added = made->added, .port = made->port };

	if (made->entries & SERVES_FURTHER)
		bpf_loop(set->count - 1, remove_further, &service, 0);
	if (made->entries & HEARS_BROADCASTS)
		bpf_loop(broadcasts_of(set), remove_hearer, &service, 0);
}

// The socket has its port no more: it is closed, or it was disconnected, which takes away a port
// that the kernel had chosen, and is bound again.
inline_static void forget_registration(struct bpf_sock *sk, __u32 type, const struct address_set *set)
{
	struct registration *made = bpf_sk_storage_get(&registrations, sk, 0, 0);
	struct room *room;

	if (!made || !made->entries || made->set_id != set->id)
		return;
	if (type == SOCK_DGRAM)
		forget_datagram(set, made);	// the map of listeners forgets by itself
	room = bpf_map_lookup_elem(&rooms, &set->id);
	if (room && made->entries & SERVES_FURTHER)
		give_room(&room->further, set->count - 1);
	if (room && made->entries & HEARS_BROADCASTS)
		give_room(&room->hearing, 1);
	made->entries = 0;
}

SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *ctx)
{
	const struct address_set *set;

	if (ctx->type != SOCK_DGRAM && ctx->dst_port)
		return ALLOW;	// a connection
	set = set_of_cgroup();
	if (bound_any(state_of(ctx), set))
		forget_registration(ctx, ctx->type, set);
	return ALLOW;
}

// ---- TCP ------------------------------------------------------------------------------------

inline_static void add_listener(struct bpf_sock_ops *ctx, __u32 address)
{
	struct listener_key key = { .address = address, .port = ctx->local_port };

	for (__u32 slot = 0; slot < LISTENER_SLOTS; slot++) {
		key.slot = slot;
		if (!bpf_sock_hash_update(ctx, &listeners, &key, BPF_NOEXIST))
			return;
	}
	// in the place of an older one, which ends first when a service is replaced
	key.slot = bpf_get_prandom_u32() % LISTENER_SLOTS;
	bpf_sock_hash_update(ctx, &listeners, &key, BPF_ANY);
}

SEC("sockops")
int sock_ops(struct bpf_sock_ops *ctx)
{
	const struct address_set *set = set_of_cgroup();
	struct bpf_sock *sk = ctx->sk;
	struct registration *made;
	struct room *room;

	if (ctx->op != BPF_SOCK_OPS_TCP_LISTEN_CB || !sk || !bound_any(state_of(sk), set))
		return ALLOW;
	made = make_registration(sk, set);
	if (!made)
		return ALLOW;
	if (!made->entries) {
		room = room_of(set);
		if (!room || !take_room(&room->further, set->count - 1, MAX_FURTHER))
			return ALLOW;
		made->entries = SERVES_FURTHER;
	}
	for (__u32 i = 1; i < MAX_ADDRESSES; i++) {
		if (i >= set->count)
			break;
		add_listener(ctx, set->address[i]);
	}
	return ALLOW;
}

SEC("sk_lookup")
int find_listener(struct bpf_sk_lookup *ctx)
{
	struct listener_key key = { .address = ctx->local_ip4, .port = ctx->local_port };

	if (ctx->protocol != IPPROTO_TCP || ctx->family != AF_INET)
		return SK_PASS;
	for (__u32 slot = 0; slot < LISTENER_SLOTS; slot++) {
		struct bpf_sock *sk;

		key.slot = slot;
		sk = bpf_map_lookup_elem(&listeners, &key);
		if (sk) {
			bpf_sk_assign(ctx, sk, 0);
			bpf_sk_release(sk);
			break;
		}
	}
	return SK_PASS;
}

// ---- datagrams on the devices -----------------------------------------------------------------

// The mark that tells a broadcast's copy for the hearer in slot I from other packets on its second way in.
// It stays: a copy must not be copied again, by programs of another layout on the same device.
#define ANY_COPY_MARK 0x7e570000u
#define ANY_COPY_MASK 0xffff0000u
#define COPY_MARK (ANY_COPY_MARK | LAYOUT << 8)
#define COPY_MARK_MASK 0xffffff00u

// Give the datagram to the socket that is bound to address; 0 when there is none.
inline_static int assign(struct __sk_buff *skb, const struct datagram *datagram, __u32 address)
{
	struct bpf_sock_tuple tuple = { .ipv4 = {
		.saddr = datagram->source,
		.daddr = address,
		.sport = datagram->source_port,
		.dport = datagram->destination_port,
	} };
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);

	if (!sk)
		return 0;
	bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	return 1;
}

// Send one copy of a broadcast in again for everyone who hears it.
inline_static int copy_broadcast(struct __sk_buff *skb, __u64 to)
{
	const struct bucket *bucket = broadcast_bucket(to);
	__u32 mark = skb->mark;
	int copies = 0;

	if (!bucket)
		return 0;
	for (__u32 i = 0; i < SLOTS; i++) {
		if (bucket->slot[i].endpoint != to)
			continue;
		skb->mark = COPY_MARK | i;
		bpf_clone_redirect(skb, skb->ifindex, BPF_F_INGRESS);
		copies++;
	}
	skb->mark = mark;
	return copies;
}

inline_static int deliver_copy(struct __sk_buff *skb, const struct datagram *datagram, __u64 to)
{
	const struct bucket *bucket = broadcast_bucket(to);
	__u32 i = skb->mark & ~COPY_MARK_MASK;

	if (!bucket || i >= SLOTS || bucket->slot[i].endpoint != to)
		return TC_ACT_SHOT;
	return assign(skb, datagram, bucket->slot[i].first) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

#define LOOPBACK_IFINDEX 1	// net/flow.h

// Is there a socket nearer to the datagram than one on 0.0.0.0: bound to the very address in a set,
// whose bind hook has seen to it that they share? One that was bound there outside of all sets has not
// asked, so what a set serves remains its own; but a client on this machine gets its answers, for the
// kernel gives out a port of an address that it sees nobody on.
inline_static int has_nearer_socket(struct __sk_buff *skb, const struct datagram *datagram)
{
	struct bpf_sock_tuple tuple = { .ipv4 = {
		.saddr = datagram->source,
		.daddr = datagram->destination,
		.sport = datagram->source_port,
		.dport = datagram->destination_port,
	} };
	struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	int nearer;

	if (!sk)
		return 0;
	nearer = sk->src_ip4 == datagram->destination &&
		 (state_of(sk) || (sk->dst_port && skb->ifindex == LOOPBACK_IFINDEX));
	bpf_sk_release(sk);
	return nearer;
}

// A datagram for a further address goes to the socket on the first one. The slots are read without
// the lock: what is in one that is just given away is another's socket at most, whose set drops it.
inline_static void deliver_further(struct __sk_buff *skb, const struct datagram *datagram, __u64 to)
{
	const struct bucket *bucket = wildcard_bucket(to);
	__u32 i;

	if (!bucket)
		return;
	for (i = 0; i < SLOTS; i++)
		if (bucket->slot[i].endpoint == to)
			break;
	if (i == SLOTS || has_nearer_socket(skb, datagram))
		return;
	for (; i < SLOTS; i++)
		if (bucket->slot[i].endpoint == to && assign(skb, datagram, bucket->slot[i].first))
			return;
}

SEC("tc")
int device_ingress(struct __sk_buff *skb)
{
	struct datagram datagram;
	__u64 to;

	if (!read_datagram(skb, &datagram))
		return TC_ACT_UNSPEC;
	to = endpoint_of(datagram.destination, datagram.destination_port);
	if ((skb->mark & COPY_MARK_MASK) == COPY_MARK)
		return deliver_copy(skb, &datagram, to);
	if ((skb->mark & ANY_COPY_MASK) == ANY_COPY_MARK)
		return TC_ACT_UNSPEC;
	if (skb->pkt_type == PACKET_LOOPBACK)
		return TC_ACT_UNSPEC;	// our own broadcast, copied on its way out
	if (!copy_broadcast(skb, to))
		deliver_further(skb, &datagram, to);
	return TC_ACT_UNSPEC;
}

// Broadcasts sent by this machine. Their copies have a local source: the kernel drops them unless
// the device has net.ipv4.conf.DEVICE.accept_local set.
SEC("tc")
int device_egress(struct __sk_buff *skb)
{
	struct datagram datagram;
	__u64 to;

	if (!read_datagram(skb, &datagram))
		return TC_ACT_UNSPEC;
	to = endpoint_of(datagram.destination, datagram.destination_port);
	copy_broadcast(skb, to);
	return TC_ACT_UNSPEC;
}

#endif
