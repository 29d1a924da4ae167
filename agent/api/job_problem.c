/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/api/job_problem.h"

#include <errno.h>
#include <microhttpd.h>
#include <stddef.h>

#include "exporters/json/write.h"

static const struct {
	int error;
	unsigned int status;
	const char *why;
} problems[] = {
	{ -EBADMSG, MHD_HTTP_BAD_REQUEST, "it is no JSON" },
	{ -EINVAL, MHD_HTTP_UNPROCESSABLE_CONTENT, "it cannot be run so" },
	{ -EACCES, MHD_HTTP_FORBIDDEN, "this is not for you" },
	{ -EPERM, MHD_HTTP_FORBIDDEN, "this is not for you" },
	{ -ENOENT, MHD_HTTP_NOT_FOUND, "there is no such job, or not any more" },
	{ -EALREADY, MHD_HTTP_CONFLICT, "the job has ended already" },
	{ -EMSGSIZE, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large: http.body allows more" },
	{ -EAGAIN, MHD_HTTP_TOO_MANY_REQUESTS, "too many jobs at once: come again" },
	{ -ENOSPC, MHD_HTTP_INSUFFICIENT_STORAGE, "the queue is full: come again" },
	{ -EOPNOTSUPP, MHD_HTTP_SERVICE_UNAVAILABLE, "jobs are off: fairlead doctor says why" },
	{ -ESHUTDOWN, MHD_HTTP_SERVICE_UNAVAILABLE, "the agent stops and takes no more jobs" },
	{ -ENOMEM, MHD_HTTP_SERVICE_UNAVAILABLE, "there is no memory for it: come again" },
	{ -ENOBUFS, MHD_HTTP_SERVICE_UNAVAILABLE, "too many bodies are on their way: come again" },
	{ 0, MHD_HTTP_INTERNAL_SERVER_ERROR, "it failed: the agent's log may say why" },
};

static size_t row_of(int error)
{
	size_t i = 0;

	while (problems[i].error && problems[i].error != error)
		i++;
	return i;
}

unsigned int job_problem_status(int error)
{
	return problems[row_of(error)].status;
}

const char *job_problem_why(int error, const char *why)
{
	return *why ? why : problems[row_of(error)].why;
}

void job_problem_write(struct out *o, int error, const char *why, unsigned long line)
{
	unsigned int status = job_problem_status(error);

	json_write_problem(o, status, MHD_get_reason_phrase_for(status),
			   job_problem_why(error, why), line);
}
