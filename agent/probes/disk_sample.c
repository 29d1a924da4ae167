/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probes/disk_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void disk_sample_clear(struct disk_sample *s)
{
	free(s->devices);
	free(s->shares);
	free(s->details);
	*s = (struct disk_sample){ 0 };
}

static void *copy_of(const void *from, size_t count, size_t size)
{
	void *to = calloc(count ? count : 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

int disk_sample_copy(struct disk_sample *to, const struct disk_sample *from)
{
	struct disk_sample copy = *from;

	copy.devices = copy_of(from->devices, from->device_count, sizeof(*copy.devices));
	copy.shares = copy_of(from->shares, from->share_count, sizeof(*copy.shares));
	if (from->details)
		copy.details = copy_of(from->details, from->share_count + _DISK_GONE_MAX,
				       sizeof(*copy.details));
	if (!copy.devices || !copy.shares || (from->details && !copy.details)) {
		disk_sample_clear(&copy);
		return -ENOMEM;
	}
	disk_sample_clear(to);
	*to = copy;
	return 0;
}
