/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold OBJECT: loads and attaches every program of a BPF object, says "held", and lets go of
 * them when it is told to end.  Nothing is pinned, so nothing can stay.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "hold: cannot load: %s\n", strerror(errno));
		return 1;
	}
	bpf_object__for_each_program (program, object)
		if (!bpf_program__attach(program)) {
			fprintf(stderr, "hold: cannot attach: %s\n", strerror(errno));
			return 1;
		}
	puts("held");
	fflush(stdout);
	pause(); /* the kernel detaches at our end, whatever ends us */
	return 0;
}
