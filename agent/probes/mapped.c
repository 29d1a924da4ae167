/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/mapped.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

void *mapped_new(int fd, size_t bytes)
{
	void *at = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

void mapped_free(void *at, size_t bytes)
{
	if (at)
		munmap(at, whole_pages(bytes));
}
