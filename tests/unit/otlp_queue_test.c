/* SPDX-License-Identifier: Apache-2.0 */
/* What waits, when it is tried again, and what is said with it. */
#include "exporters/otlp/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporters/otlp/headers.h"
#include "exporters/otlp/retry.h"
#include "tests/lib/test.h"

#define SECOND 1000000000ull

static void put(struct otlp_queue *q, size_t size)
{
	struct otlp_body *body = calloc(1, sizeof(*body));

	if (!body)
		abort();
	body->data = malloc(size);
	body->size = size;
	otlp_queue_put(q, body);
}

static size_t take(struct otlp_queue *q)
{
	struct otlp_body *body = otlp_queue_take(q);
	size_t size = body ? body->size : 0;

	otlp_body_free(body);
	return size;
}

static int the_oldest_is_sent_first(void)
{
	struct otlp_queue q;

	otlp_queue_init(&q, 3, 100);
	put(&q, 1);
	put(&q, 2);
	CHECK(q.count == 2 && q.bytes == 3);
	CHECK(take(&q) == 1);
	CHECK(take(&q) == 2);
	CHECK(take(&q) == 0);
	put(&q, 3);
	CHECK(take(&q) == 3 && q.count == 0 && q.bytes == 0 && q.dropped == 0);
	return 0;
}

static int a_full_queue_drops_the_oldest_and_counts(void)
{
	struct otlp_queue q;

	otlp_queue_init(&q, 3, 100);
	for (size_t size = 1; size <= 5; size++)
		put(&q, size);
	CHECK(q.count == 3 && q.dropped == 2);
	put(&q, 93); /* with 4 and 5 it is over 100 */
	CHECK(q.dropped == 4 && q.bytes == 98);
	CHECK(take(&q) == 5);
	CHECK(take(&q) == 93);
	put(&q, 500); /* larger than all of it: alone it may wait */
	CHECK(q.count == 1 && q.dropped == 4);
	put(&q, 1);
	CHECK(q.count == 1 && q.bytes == 1 && q.dropped == 5);
	otlp_queue_clear(&q);
	CHECK(q.count == 0 && q.dropped == 5);
	return 0;
}

static int what_is_put_back_is_the_oldest_again(void)
{
	struct otlp_body *body;
	struct otlp_queue q;

	otlp_queue_init(&q, 2, 100);
	put(&q, 1);
	put(&q, 2);
	body = otlp_queue_take(&q);
	otlp_queue_put_back(&q, body);
	CHECK(take(&q) == 1);
	body = otlp_queue_take(&q); /* while it is away, others come */
	put(&q, 3);
	put(&q, 4);
	otlp_queue_put_back(&q, body);
	CHECK(q.count == 2 && q.dropped == 1);
	CHECK(take(&q) == 3);
	CHECK(take(&q) == 4);
	return 0;
}

static int statuses_are_judged_as_the_specification_says(void)
{
	static const long later[] = { 0, 429, 502, 503, 504 };
	static const long never[] = { 301, 400, 401, 403, 404, 413, 500, 501, 505 };

	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		CHECK(retry_judge(later[i]) == RETRY_LATER);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		CHECK(retry_judge(never[i]) == RETRY_NEVER);
	CHECK(retry_judge(200) == RETRY_SENT && retry_judge(204) == RETRY_SENT);
	return 0;
}

static int waits_double_up_to_a_bound_and_vary_by_chance(void)
{
	struct retry low = { 0 }, middle = { 0 }, high = { 0 };
	uint64_t base = SECOND;

	for (int i = 0; i < 8; i++) {
		uint64_t wait = retry_wait(&middle, 0, UINT32_MAX / 2);

		CHECK(wait > base - base / 100 && wait < base + base / 100);
		CHECK(retry_wait(&low, 0, 0) == base / 2);
		CHECK(retry_wait(&high, 0, UINT32_MAX) == base + base / 2);
		base = 2 * base < RETRY_MAX_NS ? 2 * base : RETRY_MAX_NS;
	}
	return 0;
}

static int a_server_may_ask_for_more_but_not_for_ever(void)
{
	struct retry r = { 0 };

	CHECK(retry_wait(&r, 7 * SECOND, 0) == 7 * SECOND);
	CHECK(retry_wait(&r, 1, 0) == SECOND); /* less than we would wait anyway */
	CHECK(retry_wait(&r, 86400 * SECOND, 0) == RETRY_GIVE_UP_NS);
	return 0;
}

/* --- headers --- */

static int read_file(const char *text, size_t size, mode_t mode, char **ret, char *why)
{
	char path[] = "/tmp/fairlead-headers-XXXXXX";
	int fd = mkstemp(path), r;

	if (fd < 0 || write(fd, text, size) != (ssize_t)size || fchmod(fd, mode))
		abort();
	close(fd);
	r = headers_read(path, ret, why, 512);
	unlink(path);
	return r;
}

static int headers_are_read_line_by_line(void)
{
	static const char text[] = "# for the collector\nAuthorization: Bearer s3cret\r\n\n"
				   "X-Scope-OrgID:  tenant-1 ";
	char why[512], *headers = NULL;

	CHECK(read_file(text, strlen(text), 0400, &headers, why) == 0);
	CHECK(!strcmp(headers, "Authorization: Bearer s3cret"));
	CHECK(!strcmp(headers + strlen(headers) + 1, "X-Scope-OrgID:  tenant-1"));
	CHECK(headers[sizeof("Authorization: Bearer s3cret") +
		      sizeof("X-Scope-OrgID:  tenant-1")] == '\0');
	headers_free(headers);
	headers = NULL;
	CHECK(read_file("", 0, 0440, &headers, why) == 0 && !headers[0]);
	headers_free(headers);
	return 0;
}

static int what_is_no_header_is_told_by_its_line_and_not_by_its_words(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "A: b\ns3cret", ":2: is no 'Name: value'" },
		{ "s3 cret: b", ":1: is no 'Name: value'" },
		{ ": s3cret", ":1: is no 'Name: value'" },
		{ "s3cret:", ":1: has no value" },
		{ "s3cret: \t", ":1: has no value" },
		{ "s3cret: a\x01", ":1: has a control character" },
		{ "content-type: s3cret", ":1: is a header that Fairlead sets itself" },
		{ "Host: s3cret", ":1: is a header that Fairlead sets itself" },
	};
	char why[512], *headers = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(read_file(rows[i].text, strlen(rows[i].text), 0600, &headers, why) ==
		      -EINVAL);
		CHECK(strstr(why, rows[i].why) && !strstr(why, "s3cret") && !headers);
	}
	CHECK(read_file("A: b\0c", 6, 0600, &headers, why) == -EINVAL && strstr(why, "NUL"));
	return 0;
}

static int a_file_that_others_may_read_or_change_is_refused(void)
{
	static const mode_t bad[] = { 0644, 0604, 0660, 0602, 0401 };
	char why[512], big[20000], *headers = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(read_file("A: b", 4, bad[i], &headers, why) == -EPERM);
		CHECK(strstr(why, "has mode 0") && !headers);
	}
	CHECK(headers_read("/proc/none/such", &headers, why, sizeof(why)) == -ENOENT);
	CHECK(headers_read("/", &headers, why, sizeof(why)) == -EINVAL);
	memset(big, 'a', sizeof(big));
	CHECK(read_file(big, sizeof(big), 0600, &headers, why) == -EFBIG);
	return 0;
}

TEST_MAIN({ "the oldest is sent first", the_oldest_is_sent_first },
	  { "a full queue drops the oldest and counts", a_full_queue_drops_the_oldest_and_counts },
	  { "what is put back is the oldest again", what_is_put_back_is_the_oldest_again },
	  { "statuses are judged as the specification says",
	    statuses_are_judged_as_the_specification_says },
	  { "waits double up to a bound and vary by chance",
	    waits_double_up_to_a_bound_and_vary_by_chance },
	  { "a server may ask for more, but not for ever",
	    a_server_may_ask_for_more_but_not_for_ever },
	  { "headers are read line by line", headers_are_read_line_by_line },
	  { "what is no header is told by its line and not by its words",
	    what_is_no_header_is_told_by_its_line_and_not_by_its_words },
	  { "a file that others may read or change is refused",
	    a_file_that_others_may_read_or_change_is_refused }, )
