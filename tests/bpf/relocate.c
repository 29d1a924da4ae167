/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relocate BTF OBJECT: does every CO-RE relocation of OBJECT resolve against the kernel whose
 * types are in BTF?  Exit status 1 and the reasons, if not.
 *
 * libbpf relocates on the way to loading, so we let it load with that BTF and look at what it
 * left in the programs; whether this kernel then took them does not matter.  What cannot be
 * resolved becomes a poisoned instruction, which is right behind bpf_core_field_exists() and
 * the like and wrong anywhere else.  So we walk each program as the verifier would, following
 * constants only, and complain about poison that can be reached.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POISON 0xbad2310 /* the function number that libbpf puts into a poisoned call */

static int relocations;       /* that libbpf went through */
static bool refused;          /* it gave up over one of them */
static char spec[1024];       /* the one that it is at */
static char unresolved[8192]; /* those that it poisoned, a line each */

static int listen(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024];
	size_t length = strlen(unresolved);

	vsnprintf(line, sizeof(line), format, args);
	if (strstr(line, ": relo #") && strstr(line, ": <")) {
		relocations++;
		snprintf(spec, sizeof(spec), "%s", line);
	} else if (strstr(line, "substituting insn #")) {
		snprintf(unresolved + length, sizeof(unresolved) - length, "%s", spec);
	} else if (level == LIBBPF_WARN && strstr(line, "failed to perform CO-RE relocations")) {
		refused = true;
	} else if (level == LIBBPF_WARN && strstr(line, ": relo #")) {
		fputs(line, stdout);
	}
	return 0;
}

/* What is known of the registers before an instruction. */
struct state {
	bool reached;
	bool known[MAX_BPF_REG];
	__s64 value[MAX_BPF_REG];
};

/* Adds a way to get to an instruction; true if that says something new. */
static bool join(struct state *at, const struct state *from)
{
	bool news = !at->reached;

	if (news) {
		*at = *from;
		at->reached = true;
		return true;
	}
	for (int r = 0; r < MAX_BPF_REG; r++)
		if (at->known[r] && (!from->known[r] || from->value[r] != at->value[r])) {
			at->known[r] = false;
			news = true;
		}
	return news;
}

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

/* Whether a conditional jump may be taken and may not be. */
static void outcomes(const struct state *s, const struct bpf_insn *insn, bool *taken,
		     bool *not_taken)
{
	bool equal = s->value[insn->dst_reg] == insn->imm;
	__u8 op = BPF_OP(insn->code);

	*taken = *not_taken = true;
	if (BPF_SRC(insn->code) != BPF_K || !s->known[insn->dst_reg] ||
	    (op != BPF_JEQ && op != BPF_JNE))
		return;
	*taken = op == BPF_JEQ ? equal : !equal;
	*not_taken = !*taken;
}

/* What an instruction that does not jump leaves in the registers. */
static void step(struct state *s, const struct bpf_insn *insn)
{
	__u8 class = BPF_CLASS(insn->code), dst = insn->dst_reg;

	if (class == BPF_ST || class == BPF_STX) {
		if (BPF_MODE(insn->code) == BPF_ATOMIC) /* it may fetch into these */
			s->known[BPF_REG_0] = s->known[insn->src_reg] = false;
	} else if ((class == BPF_ALU || class == BPF_ALU64) && BPF_OP(insn->code) == BPF_MOV) {
		bool constant = BPF_SRC(insn->code) == BPF_K;

		s->value[dst] = constant ? insn->imm : s->value[insn->src_reg];
		s->known[dst] = constant || (s->known[insn->src_reg] && !insn->off);
	} else if (insn->code == (BPF_LD | BPF_IMM | BPF_DW)) {
		s->value[dst] = (__u32)insn[0].imm | (__s64)insn[1].imm << 32;
		s->known[dst] = !insn->src_reg; /* else it is an address */
	} else {
		s->known[dst] = false;
	}
}

/* The first poisoned instruction that can be reached, or -1. */
static int reachable_poison(const struct bpf_insn *insns, int count, struct state *states)
{
	bool again = true;

	states[0].reached = true;
	while (again) {
		again = false;
		for (int i = 0; i < count; i++) {
			const struct bpf_insn *insn = &insns[i];
			struct state s = states[i], fresh = { 0 };
			bool wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);
			bool taken = false, on = true;
			int target = i + 1 + insn->off;

			if (!s.reached)
				continue;
			if (insn->code == (BPF_JMP | BPF_CALL)) {
				if (insn->imm == POISON && !insn->src_reg)
					return i;
				if (insn->src_reg == BPF_PSEUDO_CALL &&
				    join(&states[i + 1 + insn->imm], &fresh))
					again = true;
				memset(s.known, 0, BPF_REG_6); /* a call's result and arguments */
			} else if (insn->code == (BPF_JMP | BPF_EXIT)) {
				on = false;
			} else if (insn->code == (BPF_JMP | BPF_JA) ||
				   insn->code == (BPF_JMP32 | BPF_JA)) {
				on = false;
				taken = true;
				if (BPF_CLASS(insn->code) == BPF_JMP32)
					target = i + 1 + insn->imm;
			} else if (is_jump(insn)) {
				outcomes(&s, insn, &taken, &on);
			} else {
				if (wide && insn->src_reg == BPF_PSEUDO_FUNC &&
				    join(&states[i + 1 + insn->imm], &fresh))
					again = true;
				step(&s, insn);
			}
			if (taken && join(&states[target], &s))
				again = true;
			if (on && i + 1 + wide < count && join(&states[i + 1 + wide], &s))
				again = true;
		}
	}
	return -1;
}

static int check_program(const struct bpf_program *program)
{
	int count = (int)bpf_program__insn_cnt(program), at;
	struct state *states = calloc((size_t)count, sizeof(*states));

	if (!states)
		return -ENOMEM;
	at = reachable_poison(bpf_program__insns(program), count, states);
	free(states);
	if (at < 0)
		return 0;
	printf("%s reaches instruction %d, which could not be relocated\n",
	       bpf_program__name(program), at);
	return -ENOENT;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	struct bpf_object *object;
	struct bpf_program *program;
	bool bad;
	int r;

	if (argc != 3) {
		fputs("usage: relocate BTF OBJECT\n", stderr);
		return 2;
	}
	libbpf_set_print(listen);
	options.btf_custom_path = argv[1];
	object = bpf_object__open_file(argv[2], &options);
	if (!object) {
		printf("%s cannot be opened: %s\n", argv[2], strerror(errno));
		return 1;
	}
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, true);
	r = bpf_object__load(object);
	bad = refused;
	if (r && !relocations) {
		printf("libbpf did not come to relocating: %s\n", strerror(-r));
		bad = true;
	}
	bpf_object__for_each_program (program, object)
		if (check_program(program))
			bad = true;
	if (bad && *unresolved)
		printf("unresolved, guarded ones among them:\n%s", unresolved);
	bpf_object__close(object);
	return bad;
}
