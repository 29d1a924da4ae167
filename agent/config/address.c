/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DIGITS 5

bool address_is_off(const char *text)
{
	return strcmp(text, ADDRESS_OFF) == 0;
}

/* 0 for what is none. */
static in_port_t parse_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = digits <= PORT_DIGITS && !text[digits] ? strtoul(text, NULL, 10) : 0;

	return port <= UINT16_MAX ? htons((uint16_t)port) : 0;
}

int address_parse(const char *text, struct sockaddr_storage *ret)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	char host[INET6_ADDRSTRLEN] = "";
	bool six = *text == '[';
	size_t length;

	if (!colon || (six && (colon == text || colon[-1] != ']')))
		return -EINVAL;
	length = (size_t)(colon - text) - (six ? 2 : 0);
	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text + six, length);
	v4.sin_port = v6.sin6_port = parse_port(colon + 1);
	if (!v4.sin_port || inet_pton(six ? AF_INET6 : AF_INET, host,
				      six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return -EINVAL;
	if (ret && six)
		memcpy(ret, &v6, sizeof(v6));
	else if (ret)
		memcpy(ret, &v4, sizeof(v4));
	return six ? (int)sizeof(v6) : (int)sizeof(v4);
}
