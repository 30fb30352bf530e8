// SPDX-License-Identifier: GPL-2.0
// Tables of who serves an address and port, with the number of sockets that do.
//
// A hash of the kernel's cannot count: while one processor raises the number of an entry, another may
// delete that one and use its memory for another key at once. So these are arrays, whose elements
// stay: buckets with a lock and a few slots each, found by a secret hash of address and port.
#ifndef ENDPOINTS_H
#define ENDPOINTS_H

#include "ipv4root.h"

#define SLOTS 8

// Two datagram sockets can have one address and port if both have set one of these.
enum sharing { SHARES_ADDRESS = 1, SHARES_PORT = 2 };	// SO_REUSEADDR, SO_REUSEPORT

struct entry {
	__u64 endpoint;	// 0: the slot is free
	__u32 first;	// the first address of the set that serves it, which its sockets are bound to
	__u32 sockets : 24;	// the BTF of a map with a lock takes fields of whole bytes only
	__u32 sharing : 8;	// enum sharing, what all of the sockets have set
};

struct bucket {
	struct bpf_spin_lock lock;
	__u32 unused;
	struct entry slot[SLOTS];
};

#define TABLE_OF_ENDPOINTS(buckets)			\
	__uint(pinning, LIBBPF_PIN_BY_NAME);		\
	__uint(type, BPF_MAP_TYPE_ARRAY);		\
	__uint(max_entries, buckets);			\
	__type(key, __u32);				\
	__type(value, struct bucket)

// Made by whoever needs it first. With a hash that is known, one set could fill the buckets of
// another's ports.
struct {
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} hash_secret SEC(".maps");

// One word for an address and a port, both in network order.
inline_static __u64 endpoint_of(__u32 address, __u16 port)
{
	return (__u64)address << 32 | port;
}

inline_static __u32 secret_of_hash(void)
{
	__u32 zero = 0, *secret = bpf_map_lookup_elem(&hash_secret, &zero);

	if (!secret)
		return 0;
	if (!*secret)
		__sync_val_compare_and_swap(secret, 0, bpf_get_prandom_u32() | 1);
	return *secret;
}

// With the constants of MurmurHash3.
inline_static __u32 hash_of(__u64 endpoint)
{
	__u32 hash = secret_of_hash() ^ endpoint >> 32;

	hash *= 0x85ebca6b;
	hash ^= hash >> 13;
	hash ^= (__u32)endpoint;
	hash *= 0xc2b2ae35;
	return hash ^ hash >> 16;
}

// The bucket for an endpoint in a table of BUCKETS, which is a power of two.
inline_static struct bucket *bucket_of(void *table, __u32 buckets, __u64 endpoint)
{
	__u32 index = hash_of(endpoint) & (buckets - 1);

	return bpf_map_lookup_elem(table, &index);
}

// The slot of an endpoint that is served from the address first; SLOTS when there is none.
inline_static __u32 find_slot(const struct bucket *bucket, __u64 endpoint, __u32 first)
{
	__u32 i;

	for (i = 0; i < SLOTS; i++)
		if (bucket->slot[i].endpoint == endpoint && bucket->slot[i].first == first)
			break;
	return i;
}

inline_static __u32 find_free_slot(const struct bucket *bucket)
{
	__u32 i;

	for (i = 0; i < SLOTS; i++)
		if (!bucket->slot[i].endpoint)
			break;
	return i;
}

// One socket more that serves an endpoint from the address first; 0 when the bucket has no room for it.
inline_static int add_socket(struct bucket *bucket, __u64 endpoint, __u32 first, __u32 sharing)
{
	__u32 i;

	bpf_spin_lock(&bucket->lock);
	i = find_slot(bucket, endpoint, first);
	if (i == SLOTS)
		i = find_free_slot(bucket);
	if (i < SLOTS) {
		bucket->slot[i].endpoint = endpoint;
		bucket->slot[i].first = first;
		bucket->slot[i].sharing = bucket->slot[i].sockets ? bucket->slot[i].sharing & sharing : sharing;
		bucket->slot[i].sockets++;
	}
	bpf_spin_unlock(&bucket->lock);
	return i < SLOTS;
}

inline_static void remove_socket(struct bucket *bucket, __u64 endpoint, __u32 first)
{
	__u32 i;

	bpf_spin_lock(&bucket->lock);
	i = find_slot(bucket, endpoint, first);
	if (i < SLOTS && !--bucket->slot[i].sockets) {
		bucket->slot[i].endpoint = 0;
		bucket->slot[i].sharing = 0;
	}
	bpf_spin_unlock(&bucket->lock);
}

#endif
