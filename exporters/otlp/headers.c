/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/otlp/headers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "agent/base/cleanup.h"

#define BYTES_MAX 16384

/* What says how the body is to be read is ours. */
static const char *const own[] = { "Content-Type",   "Content-Encoding",
				   "Content-Length", "Transfer-Encoding",
				   "Host",           "Expect" };

static void headers_freep(char **headers)
{
	*headers = headers_free(*headers);
}

char *headers_free(char *headers)
{
	size_t size = 0;

	while (headers && headers[size])
		size += strlen(headers + size) + 1;
	if (headers)
		explicit_bzero(headers, size);
	free(headers);
	return NULL;
}

static int __attribute__((format(printf, 4, 5))) refuse(char *why, size_t size, int r,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return r;
}

static int check_mode(int fd, const char *path, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return refuse(why, size, -errno, "%s cannot be looked at: %s", path,
			      strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(why, size, -EINVAL, "%s is no plain file: put the headers in one",
			      path);
	if (st.st_mode & (S_IRWXO | S_IWGRP))
		return refuse(why, size, -EPERM,
			      "%s has mode %04o: it may hold secrets, so give it to the agent's "
			      "user or group with mode 0400, 0600 or 0440",
			      path, (unsigned int)(st.st_mode & 07777));
	if (st.st_size > BYTES_MAX)
		return refuse(why, size, -EFBIG, "%s has more than 16 KiB: is it the right file?",
			      path);
	return 0;
}

static bool is_name(const char *from, const char *end)
{
	for (const char *c = from; c < end; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	return end > from;
}

static bool is_own(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strlen(own[i]) == length && !strncasecmp(own[i], name, length))
			return true;
	return false;
}

/* Appends "Name: value"; NULL or what the line is instead. */
static const char *take_line(char *line, char **to)
{
	char *end = line + strlen(line), *colon;

	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = '\0';
	if (!*line || *line == '#')
		return NULL;
	colon = strchr(line, ':');
	if (!colon || !is_name(line, colon))
		return "is no 'Name: value'";
	if (is_own(line, (size_t)(colon - line)))
		return "is a header that Fairlead sets itself";
	for (const char *c = colon + 1; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return "has a control character";
	if (!colon[1]) /* blanks at the end are gone */
		return "has no value";
	memcpy(*to, line, (size_t)(end - line) + 1);
	*to += end - line + 1;
	return NULL;
}

static int take_lines(char *text, char *to, const char *path, char *why, size_t size)
{
	unsigned int number = 1;

	for (char *line; (line = strsep(&text, "\n")); number++) {
		const char *fault = take_line(line, &to);

		if (fault)
			return refuse(why, size, -EINVAL,
				      "%s:%u: %s: write one header a line, such as Name: value",
				      path, number, fault);
	}
	return 0;
}

int headers_read(const char *path, char **ret, char *why, size_t size)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP(headers_freep) char *headers = NULL;
	char text[BYTES_MAX + 1];
	ssize_t n;
	int r;

	if (fd < 0)
		return refuse(why, size, -errno, "%s cannot be opened: %s: %s", path,
			      strerror(errno),
			      errno == EACCES ? "let the agent's user read it" : "check the path");
	r = check_mode(fd, path, why, size);
	if (r)
		return r;
	headers = calloc(1, BYTES_MAX + 2);
	if (!headers)
		return refuse(why, size, -ENOMEM, "out of memory");
	n = pread(fd, text, BYTES_MAX, 0);
	if (n < 0)
		return refuse(why, size, -errno, "%s cannot be read: %s", path, strerror(errno));
	text[n] = '\0';
	if (strlen(text) != (size_t)n)
		r = refuse(why, size, -EINVAL, "%s has a NUL byte: is it the right file?", path);
	else
		r = take_lines(text, headers, path, why, size);
	explicit_bzero(text, sizeof(text));
	if (!r)
		*ret = TAKE(headers);
	return r;
}
