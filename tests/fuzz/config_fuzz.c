/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: no bytes may crash the reader, hold it up, or leave a
 * configuration that no user could have set.  What is read is printed and read again.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/config/config.h"
#include "agent/config/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(const void *data, size_t size, struct config *c, struct config_error *e)
{
	struct config copy = *c;
	int r = yaml_fill(data, size, config_options(), &copy, copy.origins, e);

	if (!r)
		*c = copy;
	return r;
}

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* A refusal is one line that points into the file. */
static void check_refusal(int r, const struct config_error *e)
{
	must(r == -EINVAL);
	must(e->line >= 1 && e->column >= 1);
	must(*e->text && strlen(e->text) < sizeof(e->text) && !strchr(e->text, '\n'));
}

/* Every value can be said by a user: its own text sets it. */
static void check_values(const struct config *c)
{
	const struct option_table *table = config_options();
	char text[OPTION_TEXT_MAX], why[OPTION_TEXT_MAX];

	for (size_t i = 0; i < table->count; i++) {
		option_format(&table->rows[i], c, text, sizeof(text));
		must(option_set(&table->rows[i], NULL, text, why, sizeof(why)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c, again;
	struct config_error e = { 0 };
	const struct option_row *changed[CONFIG_OPTIONS];
	CLEANUP(freep) char *text = NULL;
	size_t length;
	FILE *out;
	int r;

	config_defaults(&c);
	r = read_bytes(data, size, &c, &e);
	if (r) {
		check_refusal(r, &e);
		return 0;
	}
	check_values(&c);
	if (config_validate(&c, &e))
		must(e.line >= 1);
	out = open_memstream(&text, &length);
	must(out);
	config_print(&c, "fuzz.yaml", out);
	fclose(out);
	config_defaults(&again);
	must(read_bytes(text, length, &again, &e) == 0);
	must(config_diff(&c, &again, changed, CONFIG_OPTIONS) == 0);
	return 0;
}
