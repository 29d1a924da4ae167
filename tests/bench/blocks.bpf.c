/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Nothing, on the hooks of bpf/disk that every I/O passes: what the hooks themselves cost,
 * whoever is on them.  What our programs add to this is ours.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/block_rq_issue")
int BPF_PROG(empty_issue, struct request *rq)
{
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(empty_complete, struct request *rq)
{
	return 0;
}

SEC("tp_btf/block_bio_queue")
int BPF_PROG(empty_bio, struct bio *bio)
{
	return 0;
}
