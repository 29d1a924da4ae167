/* SPDX-License-Identifier: Apache-2.0 */
/* address: where to listen, as a user writes it: 127.0.0.1:9464, [::1]:9464.  No names: looking
 * one up may take seconds, and means another place tomorrow. */
#pragma once
#include <stdbool.h>

struct sockaddr_storage;

#define ADDRESS_OFF "off"

bool address_is_off(const char *text);

/* The length of *ret, which may be NULL; -EINVAL when it is no address with a port of 1 to 65535. */
int address_parse(const char *text, struct sockaddr_storage *ret);
