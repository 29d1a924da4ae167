/* SPDX-License-Identifier: Apache-2.0 */
#define CURL_DISABLE_TYPECHECK /* its macros call by name what we call by pointer */
#include "exporters/otlp/post.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <pb_decode.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/cleanup.h"
#include "agent/base/clock.h"
#include "exporters/otlp/metrics_service.pb.h"

#define LIBRARY "libcurl.so.4"
#define POLL_MS 1000 /* libcurl is woken when something happens; this is only for its own timers */

#undef curl_easy_setopt
#undef curl_easy_getinfo

/* What we call of it, found by name. */
#define CALLS(call)                                                                                \
	call(curl_easy_init) call(curl_easy_cleanup) call(curl_easy_setopt)                        \
		call(curl_easy_getinfo) call(curl_easy_strerror) call(curl_slist_append)           \
			call(curl_slist_free_all) call(curl_multi_init) call(curl_multi_cleanup)   \
				call(curl_multi_add_handle) call(curl_multi_remove_handle)         \
					call(curl_multi_perform) call(curl_multi_poll)             \
						call(curl_multi_wakeup) call(curl_multi_info_read)
#define FIELD(name) __typeof__ (&(name))(name);
struct calls {
	CALLS(FIELD)
};

struct post {
	void *library;
	struct calls lib;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *plain, *packed; /* headers, of a body as it is and of a compressed one */
	atomic_bool cancelled;
	char error[CURL_ERROR_SIZE];
	char answer[POST_ANSWER_MAX];
	size_t answer_size;
};

static int load(struct post *p, char why[POST_WHY])
{
	p->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!p->library) {
		snprintf(why, POST_WHY, "no " LIBRARY ": install libcurl4 (%s)", dlerror());
		return -ENOENT;
	}
#define FIND(name)                                                                                 \
	p->lib.name = (__typeof__(name) *)dlsym(p->library, #name);                                \
	if (!p->lib.name) {                                                                        \
		snprintf(why, POST_WHY, LIBRARY " has no " #name ": install 7.87 or newer");       \
		return -ENOENT;                                                                    \
	}
	CALLS(FIND)
	return 0;
}

/* An answer that is longer than any we know is read to its end and forgotten. */
static size_t take_answer(char *data, size_t one, size_t size, void *context)
{
	struct post *p = context;
	size_t n = size <= sizeof(p->answer) - p->answer_size ? size : 0;

	(void)one;
	memcpy(p->answer + p->answer_size, data, n);
	p->answer_size += n;
	return size;
}

static bool add_header(const struct post *p, struct curl_slist **to, const char *header)
{
	struct curl_slist *more = p->lib.curl_slist_append(*to, header);

	if (more)
		*to = more;
	return more != NULL;
}

static bool add_headers(const struct post *p, struct curl_slist **to, const char *headers)
{
	bool done = add_header(p, to, "Content-Type: application/x-protobuf") &&
		    add_header(p, to, "Expect:"); /* or it waits a second for a go-ahead */

	for (const char *h = headers; done && h && *h; h += strlen(h) + 1)
		done = add_header(p, to, h);
	return done;
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* What libcurl made of them all: an option that it does not take, such as TLS 1.3 without a library
 * that has it, is no option that a body goes out without. */
static CURLcode set_options(struct post *p, const struct post_terms *t)
{
	long timeout_ms = (long)(t->timeout_ns / NS_PER_MSEC);
	CURLcode r = CURLE_OK;

#define SET(...) (r = r ? r : p->lib.curl_easy_setopt(p->easy, __VA_ARGS__))
	SET(CURLOPT_URL, t->endpoint);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_NOSIGNAL, 1L);   /* signals are the loop's */
	SET(CURLOPT_QUICK_EXIT, 1L); /* an end does not wait for a name server */
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_USERAGENT, t->agent);
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	SET(CURLOPT_ERRORBUFFER, p->error);
	SET(CURLOPT_WRITEFUNCTION, take_answer);
	SET(CURLOPT_WRITEDATA, p);
	if (is_set(t->ca)) {
		SET(CURLOPT_CAINFO, t->ca);
		SET(CURLOPT_CAPATH, NULL); /* this one, and no other */
	}
	if (is_set(t->certificate))
		SET(CURLOPT_SSLCERT, t->certificate);
	if (is_set(t->key))
		SET(CURLOPT_SSLKEY, t->key);
#undef SET
	return r;
}

static void post_freep(struct post **p)
{
	*p = post_free(*p);
}

int post_new(struct post **ret, const struct post_terms *terms, char why[POST_WHY])
{
	CLEANUP(post_freep) struct post *p = calloc(1, sizeof(*p));
	CURLcode set;
	int r;

	snprintf(why, POST_WHY, "out of memory");
	if (!p)
		return -ENOMEM;
	r = load(p, why);
	if (r)
		return r;
	p->easy = p->lib.curl_easy_init();
	p->multi = p->lib.curl_multi_init();
	if (!p->easy || !p->multi || !add_headers(p, &p->plain, terms->headers) ||
	    !add_headers(p, &p->packed, terms->headers) ||
	    !add_header(p, &p->packed, "Content-Encoding: gzip"))
		return -ENOMEM;
	set = set_options(p, terms);
	if (set != CURLE_OK) {
		snprintf(why, POST_WHY, LIBRARY " cannot send it as it should: %s",
			 p->lib.curl_easy_strerror(set));
		return -ENOTSUP;
	}
	*ret = TAKE(p);
	return 0;
}

/* The library stays: what it registered with others (at exit, for threads) is called later. */
struct post *post_free(struct post *p)
{
	if (p && p->lib.curl_multi_info_read) { /* the last of all calls: all are there */
		if (p->multi)
			p->lib.curl_multi_cleanup(p->multi);
		if (p->easy)
			p->lib.curl_easy_cleanup(p->easy);
		p->lib.curl_slist_free_all(p->plain);
		p->lib.curl_slist_free_all(p->packed);
	}
	free(p);
	return NULL;
}

void post_cancel(struct post *p)
{
	atomic_store(&p->cancelled, true);
	p->lib.curl_multi_wakeup(p->multi);
}

/* What a server says of a part that it did not take. */
static void read_answer(const struct post *p, struct post_answer *ret)
{
	opentelemetry_proto_collector_metrics_v1_ExportMetricsServiceResponse response = { 0 };
	pb_istream_t stream = pb_istream_from_buffer((const pb_byte_t *)p->answer, p->answer_size);

	if (!pb_decode(&stream,
		       opentelemetry_proto_collector_metrics_v1_ExportMetricsServiceResponse_fields,
		       &response) ||
	    !response.has_partial_success)
		return;
	if (response.partial_success.rejected_data_points > 0)
		ret->rejected = (uint64_t)response.partial_success.rejected_data_points;
	snprintf(ret->why, sizeof(ret->why), "%.*s", POST_WHY - 1,
		 response.partial_success.error_message);
}

static void finish(struct post *p, CURLcode result, struct post_answer *ret)
{
	curl_off_t seconds = 0;

	*ret = (struct post_answer){ 0 };
	if (result != CURLE_OK) {
		snprintf(ret->why, sizeof(ret->why), "%s",
			 p->error[0] ? p->error : p->lib.curl_easy_strerror(result));
		return;
	}
	p->lib.curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	p->lib.curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > 0)
		ret->retry_after_ns =
			seconds < 86400 ? (uint64_t)seconds * NS_PER_SEC : 86400 * NS_PER_SEC;
	if (ret->status >= 200 && ret->status < 300)
		read_answer(p, ret);
	else
		snprintf(ret->why, sizeof(ret->why), "HTTP status %ld", ret->status);
}

int post_run(struct post *p, const void *body, size_t size, bool gzip, struct post_answer *ret)
{
	CURLcode result = CURLE_OK;
	CURLMsg *message;
	int running = 1, left;

	p->answer_size = 0;
	p->error[0] = '\0';
	p->lib.curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, gzip ? p->packed : p->plain);
	p->lib.curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, body);
	p->lib.curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	p->lib.curl_multi_add_handle(p->multi, p->easy);
	while (!atomic_load(&p->cancelled) &&
	       p->lib.curl_multi_perform(p->multi, &running) == CURLM_OK && running)
		p->lib.curl_multi_poll(p->multi, NULL, 0, POLL_MS, NULL);
	while ((message = p->lib.curl_multi_info_read(p->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	p->lib.curl_multi_remove_handle(p->multi, p->easy);
	if (running && atomic_load(&p->cancelled))
		return -ECANCELED;
	finish(p, running ? CURLE_OUT_OF_MEMORY : result, ret);
	return 0;
}
