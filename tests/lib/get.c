/* SPDX-License-Identifier: Apache-2.0 */
/* get SOCKET PATH: what an agent answers, for guests that have no curl. */
#include <stdio.h>

#include "agent/base/cleanup.h"
#include "agent/cli/client.h"

int main(int argc, char **argv)
{
	CLEANUP(answer_freep) struct answer answer = { 0 };

	if (argc != 3 || client_get(&answer, argv[1], argv[2], 0) || answer.status != 200)
		return 1;
	return fwrite(answer.body, 1, answer.length, stdout) != answer.length;
}
