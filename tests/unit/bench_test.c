/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/bench/samples.h"
#include "agent/cli/bench/tiny.h"
#include "tests/lib/test.h"

#define PLAIN "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define CHUNKED                                                                                    \
	"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"                                    \
	"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"

/* What the last piece gave; so many bytes a piece, the end of the connection last. */
static int feed(struct reply *r, const char *text, size_t piece)
{
	size_t length = strlen(text), at = 0;

	for (;;) {
		size_t room, n = length - at < piece ? length - at : piece;
		char *to = reply_room(r, &room);
		int result;

		if (!to)
			return -ENOMEM;
		n = n < room ? n : room;
		memcpy(to, text + at, n);
		at += n;
		result = reply_more(r, n);
		if (result || !n)
			return result;
	}
}

static bool is_hello(struct reply *r)
{
	size_t length;
	const char *body = reply_body(r, &length);

	return r->status == 200 && length == 5 && !strcmp(body, "hello");
}

static int answers_come_in_any_pieces(void)
{
	static const char *const texts[] = { PLAIN, CHUNKED,
					     "HTTP/1.0 200 OK\r\nX: y\r\n\r\nhello" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t piece = 1; piece <= strlen(texts[i]); piece++) {
			struct reply r = { 0 };

			CHECK(feed(&r, texts[i], piece) == 1);
			CHECK(is_hello(&r));
			CHECK(r.closes == (i == 2));
			reply_done(&r);
		}
	return 0;
}

static int a_body_is_seen_with_its_first_byte(void)
{
	struct reply r = { 0 };
	size_t room;
	const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";

	memcpy(reply_room(&r, &room), head, strlen(head));
	CHECK(reply_more(&r, strlen(head)) == 0);
	CHECK(!reply_has_body(&r));
	memcpy(reply_room(&r, &room), "h", 1);
	CHECK(reply_more(&r, 1) == 0);
	CHECK(reply_has_body(&r));
	reply_done(&r);
	return 0;
}

static int what_is_no_http_is_refused(void)
{
	static const char *const texts[] = {
		"SSH-2.0-x\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 9 Nine\r\n\r\n",
		"HTTP/1.1 101 Switching\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct reply r = { 0 };

		CHECK(feed(&r, texts[i], 1) == -EPROTO);
		reply_done(&r);
	}
	return 0;
}

static int an_end_before_the_end_is_told(void)
{
	static const char *const texts[] = { PLAIN, CHUNKED };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			char *part = strndup(texts[i], n);
			struct reply r = { 0 };

			CHECK(part && feed(&r, part, 7) == -ECONNRESET);
			reply_done(&r);
			free(part);
		}
	return 0;
}

static int one_reply_serves_many_answers(void)
{
	struct reply r = { 0 };

	for (int i = 0; i < 3; i++) {
		CHECK(feed(&r, i % 2 ? PLAIN : CHUNKED, 4096) == 1);
		CHECK(is_hello(&r) && !r.closes);
		reply_clear(&r);
	}
	reply_done(&r);
	return 0;
}

static int more_than_was_asked_for_ends_the_connection(void)
{
	struct reply r = { 0 };

	CHECK(feed(&r, PLAIN PLAIN, 4096) == 1);
	CHECK(is_hello(&r) && r.closes);
	reply_done(&r);
	return 0;
}

static int quantiles_are_samples(void)
{
	struct samples s = { 0 };
	struct samples_summary t;

	samples_sum_up(&s, &t);
	CHECK(!t.count && !t.max_ns);
	for (uint64_t i = 5000; i; i--)
		CHECK(!samples_add(&s, i));
	samples_sum_up(&s, &t);
	CHECK(t.count == 5000 && t.p50_ns == 2500 && t.p90_ns == 4500 && t.p95_ns == 4750);
	CHECK(t.p99_ns == 4950 && t.max_ns == 5000);
	samples_done(&s);
	CHECK(!samples_add(&s, 7));
	samples_sum_up(&s, &t);
	CHECK(t.p50_ns == 7 && t.p99_ns == 7 && t.max_ns == 7);
	samples_done(&s);
	return 0;
}

static int the_tiny_program_is_the_same_as_text(void)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char bytes[sizeof(struct tiny) + 3];
	char text[TINY_BASE64];
	struct tiny program;
	size_t n = 0, padding = 0;

	tiny_make(&program);
	tiny_base64(text);
	CHECK(strlen(text) == TINY_BASE64 - 1);
	for (const char *at = text; *at; at += 4) {
		unsigned int three = 0;

		for (int k = 0; k < 4; k++) {
			const char *digit = strchr(digits, at[k]);

			padding += at[k] == '=';
			three = three << 6 | (digit ? (unsigned int)(digit - digits) : 0);
		}
		for (int k = 2; k >= 0; k--)
			bytes[n++] = (unsigned char)(three >> 8 * k);
	}
	CHECK(n - padding == sizeof(program));
	CHECK(!memcmp(bytes, &program, sizeof(program)));
	return 0;
}

TEST_MAIN({ "an HTTP answer may come in any pieces", answers_come_in_any_pieces },
	  { "a body is seen with its first byte, not with a chunk's length",
	    a_body_is_seen_with_its_first_byte },
	  { "what is no HTTP is refused", what_is_no_http_is_refused },
	  { "a connection that ends within an answer is told from its end",
	    an_end_before_the_end_is_told },
	  { "one reply serves one answer after the other", one_reply_serves_many_answers },
	  { "what follows an answer unasked ends the connection",
	    more_than_was_asked_for_ends_the_connection },
	  { "a quantile is a sample that was measured", quantiles_are_samples },
	  { "the program that a sandbox is measured with is the same as text",
	    the_tiny_program_is_the_same_as_text })
