/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sandbox/graft/graft.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

/* The assembler looks for them from the root of the sources and that of the build. */
#define EMBED(name, path)                                                                          \
	__asm__(".pushsection .rodata.graft,\"a\",%progbits\n"                                     \
		".balign 16\n"                                                                     \
		".globl graft_" #name "\n"                                                         \
		".hidden graft_" #name "\n"                                                        \
		"graft_" #name ":\n"                                                               \
		".incbin \"agent/sandbox/graft/" path "\"\n"                                       \
		".globl graft_" #name "_end\n"                                                     \
		".hidden graft_" #name "_end\n"                                                    \
		"graft_" #name "_end:\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection");                                                                    \
	extern const char graft_##name[], graft_##name##_end[]

EMBED(library, "library.so");
EMBED(python, "zygote.py");
EMBED(node, "ahead.js");
EMBED(java, "Ahead.java");

struct blob graft_blob(enum graft_blob which)
{
	const char *const begin[] = { graft_library, graft_python, graft_node, graft_java };
	const char *const end[] = { graft_library_end, graft_python_end, graft_node_end,
				    graft_java_end };

	return (struct blob){ begin[which], (size_t)(end[which] - begin[which]) };
}

int graft_open(enum graft_blob which)
{
	static const char *const names[] = { "graft", "zygote.py", "ahead.js", "Ahead.java" };
	CLEANUP(closep) int fd = memfd_create(names[which], MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct blob blob = graft_blob(which);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, blob.bytes, blob.size);
	if (n != (ssize_t)blob.size)
		return n < 0 ? -errno : -ENOSPC;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ||
	    lseek(fd, 0, SEEK_SET))
		return -errno;
	return TAKE_FD(fd);
}
