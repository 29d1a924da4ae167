/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/clock.h"

const char *const log_level_names[] = { "error", "warn", "info", "debug", NULL };
const char *const log_format_names[] = { "text", "json", NULL };
_Static_assert(sizeof(log_level_names) / sizeof(char *) == _LOG_LEVEL_MAX + 1, "a name a level");
_Static_assert(sizeof(log_format_names) / sizeof(char *) == _LOG_FORMAT_MAX + 1, "a name a format");

static struct { /* as wide as stderr, which it describes */
	enum log_level level;
	enum log_format format;
	uint32_t rate;
} setup = { .level = LOG_INFO, .rate = 10 };

void log_setup(enum log_level level, enum log_format format, uint32_t rate)
{
	setup.level = level;
	setup.format = format;
	setup.rate = rate;
}

bool log_on(enum log_level level)
{
	return level <= setup.level;
}

/* False while the call site is over its rate; *held is what it swallowed before this line. */
static bool within_rate(struct log_site *site, uint32_t *held)
{
	uint64_t second = clock_mono_ns() / NS_PER_SEC;

	if (site->window_s != second) {
		site->window_s = second;
		site->written = 0;
	}
	if (setup.rate && site->written >= setup.rate) {
		site->held++;
		return false;
	}
	site->written++;
	*held = site->held;
	site->held = 0;
	return true;
}

/* One event is one line, whatever a message or a file name holds. */
static void write_escaped(FILE *out, const char *text, bool json)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (json && (*c == '"' || *c == '\\'))
			fprintf(out, "\\%c", *c);
		else if (*c < ' ' || *c == 0x7f)
			fprintf(out, json ? "\\u%04x" : "\\x%02x", *c);
		else if (json && *c >= 0x80) /* a name is bytes, JSON is text */
			fputc('?', out);
		else
			fputc(*c, out);
	}
}

void log_write(struct log_site *site, enum log_level level, const char *subject, const char *format,
	       ...)
{
	char message[768], line[6 * sizeof(message) + 256], when[CLOCK_TEXT];
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	bool json = setup.format == LOG_JSON;
	uint32_t held = 0;
	va_list args;
	FILE *out;
	long n;

	if (!within_rate(site, &held))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	out = fmemopen(line, sizeof(line) - 2, "w");
	if (!out)
		return;
	if (json) {
		clock_format(when, clock_wall_ns());
		fprintf(out,
			"{\"time\":\"%s\",\"level\":\"%s\",\"subject\":\"%s\",\"held_back\":%u,",
			when, log_level_names[level], subject, held);
		fputs("\"message\":\"", out);
		write_escaped(out, message, true);
		fputs("\"}", out);
	} else {
		fprintf(out, "%s %s: ", log_level_names[level], subject);
		write_escaped(out, message, false);
		if (held)
			fprintf(out, " held_back=%u", held);
	}
	fflush(out);
	n = ftell(out);
	fclose(out);
	if (n < 0)
		return;
	line[n] = '\n';
	/* A reader that does not read must not stop us: what it has no room for is counted. */
	if (poll(&ready, 1, 0) <= 0 || !(ready.revents & POLLOUT)) {
		site->held += held + 1;
		return;
	}
	/* One write a line: lines of two processes never mix.  Where stderr is gone, so be it. */
	if (write(STDERR_FILENO, line, (size_t)n + 1) < 0)
		return;
}
