/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody wants to have run.  What is taken must be JSON to another reader of it, too. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/jobs/request.h"
#include "exporters/json/write.h"
#include "exporters/out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte that the request points to. */
static void look(const struct job_request *q)
{
	size_t bytes = q->code.size + q->in.size + (q->name ? strlen(q->name) : 0);

	for (size_t i = 0; i < q->argc; i++)
		bytes += strlen(q->argv[i]);
	for (size_t i = 0; i < q->env_count; i++)
		if (!strchr(q->env[i], '='))
			abort();
	for (size_t i = 0; i < q->file_count; i++)
		bytes += strlen(q->files[i].name) + q->files[i].content.size;
	for (size_t i = 0; i < q->volume_count; i++)
		bytes += strlen(q->volumes[i].source) + strlen(q->volumes[i].path);
	if (bytes > strlen(q->text) + (64u << 20) || (!q->language && !q->argc))
		abort();
}

/* What is written of it is read back as the same. */
static void write_back(const char *bytes, size_t size)
{
	struct out o = { 0 };
	json_t *text;

	if (!json_write_text(&o, bytes, size))
		abort(); /* it was taken as UTF-8 */
	text = json_loadb(o.data, o.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (!text || json_string_length(text) != size ||
	    memcmp(json_string_value(text), bytes, size) != 0)
		abort();
	json_decref(text);
	out_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(job_request_freep) struct job_request *q = NULL;
	char why[256] = "", *text = malloc(size + 1);
	json_t *other;
	int r;

	if (!text)
		abort();
	memcpy(text, data, size);
	r = job_request_parse(text, size, &q, why, sizeof(why));
	for (const char *at = why; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			abort();
	if (r) {
		if (q || !*why)
			abort();
		return 0;
	}
	other = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (!other)
		abort();
	json_decref(other);
	look(q);
	if (q->code.bytes)
		write_back(q->code.bytes, q->code.size);
	return 0;
}
