/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load OBJECT...: puts every program of every object, alone, through this kernel's verifier
 * and attaches it.  One TAP line a program.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int try_program(const char *path, const char *name)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_link *link = NULL;
	struct bpf_program *program;
	int r;

	if (!object)
		return -errno;
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	r = bpf_object__load(object);
	if (!r) {
		link = bpf_program__attach(bpf_object__find_program_by_name(object, name));
		r = link ? 0 : -errno;
	}
	bpf_link__destroy(link);
	bpf_object__close(object);
	return r;
}

/* Some kernels let nobody patch their functions; the guests do. */
static bool is_refused_here(const char *section)
{
	return !strncmp(section, "fentry/", 7);
}

static int test_object(const char *path, int *number)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	int bad = 0;

	if (!object) {
		printf("not ok %d - %s is a BPF object\n", ++*number, path);
		return 1;
	}
	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);
		int r = try_program(path, name);
		bool refused = r == -EPERM && is_refused_here(bpf_program__section_name(program));

		printf("%sok %d - %s of %s loads and attaches%s\n", r && !refused ? "not " : "",
		       ++*number, name, strrchr(path, '/') + 1,
		       refused ? " # SKIP this kernel lets nobody hook its functions" : "");
		if (r && !refused)
			printf("# %s\n", strerror(-r));
		bad |= r && !refused;
	}
	bpf_object__close(object);
	return bad;
}

int main(int argc, char **argv)
{
	int number = 0, bad = 0;

	libbpf_set_print(quiet);
	for (int i = 1; i < argc; i++)
		bad |= test_object(argv[i], &number);
	printf("1..%d\n", number);
	return bad || !number;
}
