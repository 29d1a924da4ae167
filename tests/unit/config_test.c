/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/address.h"
#include "agent/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"
#include "agent/base/log.h"
#include "tests/lib/test.h"

#define SEC 1000000000ull

static struct config c;
static struct config_error e;

static int file_of(const char *bytes, size_t length)
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	return fd >= 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length ? fd : -1;
}

static int read_bytes(const char *bytes, size_t length)
{
	CLEANUP(closep) int fd = file_of(bytes, length);

	config_defaults(&c);
	memset(&e, 0, sizeof(e));
	return config_read(fd, &c, &e);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* True when the text is refused at exactly that place, with those words in the message. */
static bool refuses(const char *text, unsigned int line, unsigned int column, const char *words)
{
	struct config before;

	config_defaults(&before);
	if (read_text(text) == -EINVAL && e.line == line && e.column == column &&
	    strstr(e.text, words) && !strchr(e.text, '\n') && memcmp(&c, &before, sizeof(c)) == 0)
		return true;
	printf("# got %u:%u: %s\n", e.line, e.column, e.text);
	return false;
}

static const struct option_origin *origin_of(const char *name)
{
	return &c.origins[option_find(config_options(), name) - config_options()->rows];
}

static int every_default_fits_its_own_row(void)
{
	struct config fresh = { 0 };

	CHECK(option_defaults(config_options(), &fresh) == 0);
	CHECK(fresh.log_level == LOG_INFO && fresh.interval_ns == SEC);
	CHECK(fresh.window_ns == 10 * SEC && fresh.max_connections == 64);
	CHECK(fresh.sched_cgroups && fresh.drain_ns == 10 * SEC && fresh.run_for_ns == 0);
	CHECK(strcmp(fresh.state_dir, "/var/lib/fairlead") == 0);
	CHECK(config_validate(&fresh, &e) == 0);
	return 0;
}

static int no_two_settings_fill_the_same_bytes(void)
{
	const struct option_table *t = config_options();

	for (size_t i = 0; i < t->count; i++)
		for (size_t j = 0; j < i; j++) {
			CHECK(strcmp(t->rows[i].name, t->rows[j].name) != 0);
			CHECK(t->rows[i].offset >= t->rows[j].offset + t->rows[j].size ||
			      t->rows[j].offset >= t->rows[i].offset + t->rows[i].size);
		}
	return 0;
}

static int an_empty_file_means_the_defaults(void)
{
	static const char *const empty[] = { "",
					     "\n\n",
					     "# only this\n",
					     "---\n",
					     "--- ~\n...\n",
					     "{}",
					     "log:\nsched: ~\n",
					     "\xef\xbb\xbf" };
	struct config fresh;

	config_defaults(&fresh);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		CHECK(read_text(empty[i]) == 0);
		CHECK(memcmp(&c, &fresh, sizeof(c)) == 0);
	}
	return 0;
}

static int nested_maps_make_dotted_names(void)
{
	CHECK(read_text("log:\n  level: debug\n  rate: 0\nsignals: {interval: 500ms, window: 1m}\n"
			"socket: \"/tmp/a b\"\nsched:\n  cgroups: no\n") == 0);
	CHECK(c.log_level == LOG_DEBUG && c.log_rate == 0 && !c.sched_cgroups);
	CHECK(c.interval_ns == SEC / 2 && c.window_ns == 60 * SEC);
	CHECK(strcmp(c.socket, "/tmp/a b") == 0);
	return 0;
}

static int an_unknown_key_is_refused_where_it_stands(void)
{
	CHECK(refuses("log:\n  levl: debug\n", 2, 3, "did you mean 'log.level'?"));
	CHECK(refuses("\n\nlevel: debug\n", 3, 1, "did you mean 'log.level'?"));
	CHECK(refuses("\xef\xbb\xbfzzz: 1\n", 1, 1, "'zzz': 'man fairlead.yaml'"));
	CHECK(refuses("log: {level: info, zzz: 1}\n", 1, 20, "unknown option 'log.zzz'"));
	CHECK(refuses("log:\r\n  zzz: 1\r\n", 2, 3, "unknown"));
	CHECK(refuses("{socket: \"\xc3\xa4\xc3\xa4\", zzz: 1}", 1, 16, "unknown"));
	return 0;
}

static int a_flag_has_no_place_in_the_file(void)
{
	CHECK(refuses("for: 1s\n", 1, 1, "give it as the flag --for"));
	return 0;
}

static int a_wrong_value_is_refused_where_it_stands(void)
{
	CHECK(refuses("signals:\n  interval: 5parsecs\n", 2, 13,
		      "'5parsecs': must be a whole number"));
	CHECK(refuses("signals:\n  interval: 5\n", 2, 13, "needs a unit"));
	CHECK(refuses("signals:\n  interval: 2m\n", 2, 13, "must be between 100ms and 1m"));
	CHECK(refuses("socket:\nlog:\n  rate: 5\n", 1, 8, "'socket' has no value"));
	CHECK(refuses("socket: \"a\\0b\"\n", 1, 9, "holds a NUL"));
	CHECK(refuses("socket: \"\\L\"\n", 1, 9, "one line of UTF-8")); /* found by the fuzzer */
	return 0;
}

static int lists_and_maps_are_refused_where_a_value_is_due(void)
{
	CHECK(refuses("log:\n  level: [debug]\n", 2, 10, "takes one value, not a list"));
	/* An address as docs/config.md shows it is a list to YAML. */
	CHECK(refuses("metrics_listen: [::]:9464\n", 1, 17, "in quotes if it begins with ["));
	CHECK(refuses("log:\n  level:\n    a: b\n", 3, 5, "takes one value, not a map"));
	CHECK(refuses("log: info\n", 1, 6, "is a group"));
	CHECK(refuses("log:\n- level\n", 2, 1, "is a group"));
	CHECK(refuses("- log\n", 1, 1, "not a map of options"));
	CHECK(refuses("hello\n", 1, 1, "not a map of options"));
	CHECK(refuses("? [log]\n: 1\n", 1, 3, "cannot be a key"));
	return 0;
}

static int anchors_aliases_and_tags_are_refused(void)
{
	CHECK(refuses("log: &a {level: info}\n", 1, 6, "anchors"));
	CHECK(refuses("socket: &a /x\n", 1, 9, "anchors"));
	CHECK(refuses("&a socket: /x\n", 1, 1, "anchors"));
	CHECK(refuses("socket: *a\n", 1, 9, "aliases"));
	CHECK(refuses("*a : /x\n", 1, 1, "aliases"));
	CHECK(refuses("log: !x {level: info}\n", 1, 6, "tags"));
	CHECK(refuses("socket: !!str /x\n", 1, 9, "tags"));
	return 0;
}

static int a_key_given_twice_names_the_first_line(void)
{
	CHECK(refuses("socket: /a\nlog:\n  rate: 1\nsocket: /b\n", 4, 1, "first in line 1"));
	CHECK(refuses("log:\n  rate: 1\nlog:\n  level: info\n", 3, 1, "first in line 1"));
	CHECK(refuses("log:\n  rate: 1\n  rate: 1\n", 3, 3, "'log.rate' is given twice"));
	CHECK(refuses("log:\n  rate: 1\nlog.rate: 1\n", 3, 1, "first in line 2"));
	return 0;
}

static int a_second_document_is_refused(void)
{
	CHECK(refuses("socket: /a\n---\nsocket: /b\n", 2, 1, "second document"));
	return 0;
}

static int what_is_not_yaml_is_refused_where_it_goes_wrong(void)
{
	CHECK(refuses("log:\n\tlevel: info\n", 2, 1, "not tabs"));
	CHECK(refuses("log:\n  level: info\n rate: 1\n", 3, 2, "is not YAML"));
	CHECK(refuses("log:\n  level: \"info\n\n# end\n", 2, 10, "never closed"));
	return 0;
}

static int depth_is_bounded_however_it_is_written(void)
{
	static char text[4 * 100000 + 1];

	for (size_t i = 0; i < sizeof(text) - 1; i += 4)
		memcpy(text + i, "{a: ", 4);
	CHECK(refuses(text, 1, 2, "unknown option 'a'"));
	memset(text, '[', sizeof(text) - 1);
	CHECK(refuses(text, 1, 1, "not a map"));
	CHECK(refuses("a.b.c.d.e.f.g.h.i: 1\n", 1, 1, "deeper"));
	return 0;
}

static int what_is_not_text_is_refused_by_line_and_character(void)
{
	CHECK(read_bytes("log:\n a\0b", 9) == -EINVAL && e.line == 2 && e.column == 3);
	CHECK(strstr(e.text, "is a NUL"));
	CHECK(refuses("# \xc3\xa4\xff\n", 1, 4, "0xff is not UTF-8"));
	CHECK(refuses("# \xc0\x80\n", 1, 3, "not UTF-8"));     /* overlong */
	CHECK(refuses("# \xed\xa0\x80\n", 1, 3, "not UTF-8")); /* a surrogate */
	CHECK(refuses("# \xe2\x82", 1, 3, "not UTF-8"));       /* cut off */
	CHECK(refuses("# \xc2\x85\n", 1, 3, "control"));       /* a line end to some only */
	CHECK(refuses("# \033[31m\n", 1, 3, "control"));
	CHECK(refuses("a\rb: 1\n", 1, 2, "control"));
	return 0;
}

static int a_file_of_just_one_mebibyte_is_read_and_no_more(void)
{
	CLEANUP(freep) char *text = malloc(CONFIG_MAX_BYTES + 1);

	CHECK(text);
	memset(text, '#', CONFIG_MAX_BYTES + 1);
	CHECK(read_bytes(text, CONFIG_MAX_BYTES) == 0);
	CHECK(read_bytes(text, CONFIG_MAX_BYTES + 1) == -EINVAL && e.line == 1);
	CHECK(strstr(e.text, "1048577 bytes, more than the 1 MiB"));
	return 0;
}

static int what_is_no_plain_file_is_refused_without_hanging(void)
{
	char folder[] = "/tmp/fairlead-config-XXXXXX", fifo[64];

	config_defaults(&c);
	CHECK(mkdtemp(folder));
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	CHECK(mkfifo(fifo, 0600) == 0);
	CHECK(config_load(folder, &c, &e) == -EINVAL && strstr(e.text, "is a folder"));
	CHECK(config_load(fifo, &c, &e) == -EINVAL && strstr(e.text, "is a pipe"));
	CHECK(config_load("/dev/zero", &c, &e) == -EINVAL && strstr(e.text, "device"));
	unlink(fifo);
	CHECK(config_load(fifo, &c, &e) == -ENOENT && e.line == 1);
	rmdir(folder);
	return 0;
}

static int contradictions_point_at_the_later_key(void)
{
	CHECK(read_text("signals:\n  window: 500ms\n") == 0);
	CHECK(config_validate(&c, &e) == -EINVAL && e.line == 2 && e.column == 3);
	CHECK(strstr(e.text, "is 500ms") && strstr(e.text, "with 1s"));
	CHECK(read_text("signals:\n  window: 2s\n  interval: 5s\n") == 0);
	CHECK(config_validate(&c, &e) == -EINVAL && e.line == 3 && e.column == 3);
	CHECK(read_text("signals: {interval: 5s, window: 2s}\n") == 0);
	CHECK(config_validate(&c, &e) == -EINVAL && e.line == 1 && e.column == 25);
	CHECK(read_text("signals: {window: 2s, interval: 5s}\n") == 0);
	CHECK(config_validate(&c, &e) == -EINVAL && e.line == 1 && e.column == 23);
	return 0;
}

static int a_contradiction_of_flags_points_at_no_file(void)
{
	char line[600];

	config_defaults(&c);
	c.window_ns = 1;
	CHECK(config_validate(&c, &e) == -EINVAL && e.line == 0);
	config_error_format(&e, "/x.yaml", line, sizeof(line));
	CHECK(strncmp(line, "'signals.window'", 16) == 0);
	return 0;
}

static int a_flag_wins_over_the_file_that_is_still_checked(void)
{
	CLEANUP(closep) int good = file_of("log: {level: debug}", 19);
	CLEANUP(closep) int bad = file_of("log: {level: loud!}", 19);

	config_defaults(&c);
	c.log_level = LOG_ERROR;
	c.origins[option_find(config_options(), "log.level") - config_options()->rows].from =
		ORIGIN_FLAG;
	CHECK(config_read(good, &c, &e) == 0 && c.log_level == LOG_ERROR);
	CHECK(origin_of("log.level")->from == ORIGIN_FLAG);
	CHECK(config_read(bad, &c, &e) == -EINVAL);
	return 0;
}

static int a_renewed_configuration_keeps_flags_and_forgets_the_file(void)
{
	struct config next;

	CHECK(read_text("log: {level: debug, rate: 99}\n") == 0);
	snprintf(c.user, sizeof(c.user), "somebody");
	c.origins[option_find(config_options(), "user") - config_options()->rows].from =
		ORIGIN_FLAG;
	config_renew(&next, &c);
	CHECK(next.log_level == LOG_INFO && next.log_rate == 10);
	CHECK(strcmp(next.user, "somebody") == 0);
	return 0;
}

static int a_difference_says_whether_it_is_live(void)
{
	const struct option_row *changed[CONFIG_OPTIONS];
	struct config before;

	config_defaults(&before);
	CHECK(read_text("log: {level: debug}\nhttp: {connections: 9}\nsocket: "
			"/run/fairlead/fairlead.sock\n") == 0);
	CHECK(config_diff(&before, &c, changed, CONFIG_OPTIONS) == 2);
	CHECK(strcmp(changed[0]->name, "log.level") == 0 && changed[0]->where & OPTION_LIVE);
	CHECK(strcmp(changed[1]->name, "http.connections") == 0);
	CHECK(!(changed[1]->where & OPTION_LIVE));
	changed[1] = NULL;
	CHECK(config_diff(&before, &c, changed, 1) == 2 && !changed[1]);
	CHECK(config_diff(&c, &c, changed, CONFIG_OPTIONS) == 0);
	return 0;
}

static char *printed(const struct config *config, const char *path)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	config_print(config, path, out);
	fclose(out);
	return text;
}

static int what_is_printed_says_where_it_came_from(void)
{
	CLEANUP(freep) char *text = NULL;

	CHECK(read_text("log:\n  level: debug\n") == 0);
	c.origins[0].from = ORIGIN_ENVIRONMENT;
	c.origins[1].from = ORIGIN_FLAG;
	text = printed(&c, "/x.yaml");
	CHECK(strstr(text, "\nlog:\n  level: debug                           # /x.yaml:2:3\n"));
	CHECK(strstr(text, "  rate: 10                               # default\n"));
	CHECK(strstr(text, "# FAIRLEAD_SOCKET in the environment\n"));
	CHECK(strstr(text, "# --state-dir\n"));
	return 0;
}

static int what_is_printed_is_read_as_the_same(void)
{
	static const char *const paths[] = { "/a b",     "\"\\", "# no", "~",  "null",
					     "a: b",     "- x",  "5",    "*a", "yes\\",
					     "\xc3\xa4", "'",    "a#",   "-" };
	const struct option_row *changed[CONFIG_OPTIONS];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct config before;
		CLEANUP(freep) char *text = NULL;

		CHECK(read_text("signals: {interval: 1500ms, window: 90s}\nsched: {cgroups: off}\n"
				"log: {format: json}\n") == 0);
		snprintf(c.state_dir, sizeof(c.state_dir), "%s", paths[i]);
		before = c;
		text = printed(&c, NULL);
		CHECK(read_text(text) == 0);
		CHECK(config_diff(&before, &c, changed, CONFIG_OPTIONS) == 0);
	}
	return 0;
}

static int an_address_is_a_number_with_a_port(void)
{
	static const char *const good[] = { "127.0.0.1:9464", "0.0.0.0:1", "[::1]:65535",
					    "[::ffff:10.0.0.1]:80" };
	static const char *const bad[] = {
		"",          "9464",       ":9464",       "localhost:9464",
		"127.0.0.1", "127.0.0.1:", "1.2.3.4:0",   "1.2.3.4:65536",
		"::1:9464",  "[::1]",      "[::1]9464",   "[127.0.0.1]:1",
		"1.2.3:80",  "[::1]:+80",  "1.2.3.4: 80", "[:1"
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(address_parse(good[i], NULL) > 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(address_parse(bad[i], NULL) < 0);
	return 0;
}

TEST_MAIN({ "an address is a number with a port", an_address_is_a_number_with_a_port },
	  { "every default fits its own row", every_default_fits_its_own_row },
	  { "no two settings fill the same bytes", no_two_settings_fill_the_same_bytes },
	  { "an empty file means the defaults", an_empty_file_means_the_defaults },
	  { "nested maps make dotted names", nested_maps_make_dotted_names },
	  { "an unknown key is refused where it stands",
	    an_unknown_key_is_refused_where_it_stands },
	  { "a flag has no place in the file", a_flag_has_no_place_in_the_file },
	  { "a wrong value is refused where it stands", a_wrong_value_is_refused_where_it_stands },
	  { "lists and maps are refused where a value is due",
	    lists_and_maps_are_refused_where_a_value_is_due },
	  { "anchors, aliases and tags are refused", anchors_aliases_and_tags_are_refused },
	  { "a key given twice names the first line", a_key_given_twice_names_the_first_line },
	  { "a second document is refused", a_second_document_is_refused },
	  { "what is not YAML is refused where it goes wrong",
	    what_is_not_yaml_is_refused_where_it_goes_wrong },
	  { "depth is bounded however it is written", depth_is_bounded_however_it_is_written },
	  { "what is not text is refused by line and character",
	    what_is_not_text_is_refused_by_line_and_character },
	  { "a file of just one mebibyte is read, and no more",
	    a_file_of_just_one_mebibyte_is_read_and_no_more },
	  { "what is no plain file is refused without hanging",
	    what_is_no_plain_file_is_refused_without_hanging },
	  { "contradictions point at the later key", contradictions_point_at_the_later_key },
	  { "a contradiction of flags points at no file",
	    a_contradiction_of_flags_points_at_no_file },
	  { "a flag wins over the file, which is still checked",
	    a_flag_wins_over_the_file_that_is_still_checked },
	  { "a renewed configuration keeps flags and forgets the file",
	    a_renewed_configuration_keeps_flags_and_forgets_the_file },
	  { "a difference says whether it is live", a_difference_says_whether_it_is_live },
	  { "what is printed says where it came from", what_is_printed_says_where_it_came_from },
	  { "what is printed is read as the same", what_is_printed_is_read_as_the_same }, )
