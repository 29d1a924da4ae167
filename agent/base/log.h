/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one line an event to stderr, `level subject: message key=value …` or the same fields
 * as JSON.  Each call site may write a few lines a second; what it held back is said with
 * the next line that it writes.  The one who decides what to do about an error logs it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, _LOG_LEVEL_MAX };
enum log_format { LOG_TEXT, LOG_JSON, _LOG_FORMAT_MAX };

extern const char *const log_level_names[]; /* NULL-terminated: an option table may hold them */
extern const char *const log_format_names[];

struct log_site { /* one static a call site: its budget */
	uint64_t window_s;
	uint32_t written, held;
};

/* Process-wide, as stderr is.  rate: lines a second and call site, 0 for no limit. */
void log_setup(enum log_level level, enum log_format format, uint32_t rate);
bool log_on(enum log_level level);
void log_write(struct log_site *site, enum log_level level, const char *subject, const char *format,
	       ...) __attribute__((format(printf, 4, 5)));

/* The message is a sentence; key=value pairs follow it in the format string. */
#define log_at(level, subject, ...)                                                                \
	do {                                                                                       \
		static struct log_site _site;                                                      \
		if (log_on(level))                                                                 \
			log_write(&_site, level, subject, __VA_ARGS__);                            \
	} while (0)
#define log_error(subject, ...) log_at(LOG_ERROR, subject, __VA_ARGS__)
#define log_warn(subject, ...)  log_at(LOG_WARN, subject, __VA_ARGS__)
#define log_info(subject, ...)  log_at(LOG_INFO, subject, __VA_ARGS__)
#define log_debug(subject, ...) log_at(LOG_DEBUG, subject, __VA_ARGS__)
