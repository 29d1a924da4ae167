/* SPDX-License-Identifier: Apache-2.0 */
/* notify: sd_notify(3) without its library: one datagram to $NOTIFY_SOCKET. */
#pragma once
#include <stdint.h>

struct notify {
	int socket;           /* -1: nobody listens */
	uint64_t watchdog_ns; /* 0: nobody waits for signs of life */
};

/* Reads the environment; connect before the uid is dropped, as the socket may be root's. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);
/* "READY=1\nSTATUS=…"; without a listener nothing happens. */
void notify_send(const struct notify *n, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
