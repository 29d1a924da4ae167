/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTLP_PATH "/v1/metrics"

/* Behind the scheme; NULL when it is another one. */
static const char *behind_scheme(const char *text)
{
	if (!strncmp(text, "https://", 8))
		return text + 8;
	return strncmp(text, "http://", 7) ? NULL : text + 7;
}

bool endpoint_is_tls(const char *text)
{
	return !strncmp(text, "https://", 8);
}

static bool is_port(const char *from, size_t length)
{
	char digits[6] = "";

	if (!length || length > 5 || strspn(from, "0123456789") < length)
		return false;
	memcpy(digits, from, length);
	return atoi(digits) >= 1 && atoi(digits) <= 65535;
}

/* "host", "host:port", "[::1]:port" */
static bool is_host(const char *from, size_t length)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	static const char number[] = "0123456789abcdefABCDEF:.";
	bool bracketed = length && *from == '[';
	size_t n = strspn(from + bracketed, bracketed ? number : name);

	if (!n || (bracketed && from[1 + n] != ']'))
		return false;
	n += bracketed ? 2 : 0;
	return n == length ||
	       (n < length && from[n] == ':' && is_port(from + n + 1, length - n - 1));
}

const char *endpoint_fault(const char *text)
{
	const char *host = behind_scheme(text);
	size_t length = host ? strcspn(host, "/?#") : 0;

	if (!host)
		return "it must begin with http:// or https://";
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return "it has a character that no address has";
	if (memchr(host, '@', length))
		return "it must hold no user and no password: put a header with them into the file "
		       "of otlp.headers_file";
	if (!is_host(host, length))
		return "behind the scheme there must be a host, and a port of 1 to 65535 or none, "
		       "such as https://collector:4318";
	if (strchr(host, '#') || (host[length] && host[length] != '/'))
		return "behind the host there must be a path or nothing, such as "
		       "https://collector:4318/v1/metrics";
	return NULL;
}

void endpoint_whole(const char *text, char *ret, size_t size)
{
	const char *host = behind_scheme(text);
	const char *path = host ? strchr(host, '/') : NULL;

	snprintf(ret, size, "%s%s", text, path ? "" : OTLP_PATH);
}
