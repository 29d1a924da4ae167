/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accept: what a client would rather have, from its Accept and Accept-Encoding headers (RFC
 * 9110, 12.5).  Headers are NULL when the client sent none, and any bytes when it did.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define ACCEPT_Q_MAX      1000 /* q=1, as q has three digits */
#define ACCEPT_PARAMETERS 3

/* Something that we have to offer. */
struct accept_offer {
	const char *type; /* "text/plain" */
	/* A client that names one of these must name this value; what we do not list it may add. */
	struct accept_parameter {
		const char *name, *value;
	} parameters[ACCEPT_PARAMETERS]; /* up to the first without a name */
};

/*
 * The offer that is wanted most.  Of those wanted as much the one named in more detail, then the
 * one named first, then the first of ours.  -1 when the client wants none of them.
 */
int accept_choose(const char *header, const struct accept_offer *offers, size_t count);

/* May, and had the body better be compressed by gzip? */
bool accept_gzip(const char *header);

/* One range of a header.  Lengths, as it lies in the header. */
struct accept_range {
	const char *name, *parameters; /* "text/plain"; ";version=1;q=0.5" without what is around */
	size_t name_length, parameters_length;
	unsigned int q; /* of ACCEPT_Q_MAX; 0: not wanted, or a q that is none */
};

/* Steps over the next range; false at the end of the header. */
bool accept_next(const char **header, struct accept_range *ret);
