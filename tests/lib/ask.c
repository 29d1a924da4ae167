/* SPDX-License-Identifier: Apache-2.0 */
/* ask SOCKET METHOD PATH [JSON]: an agent's answer, for guests that have no curl: status, body. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/cleanup.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return TAKE_FD(fd);
}

int main(int argc, char **argv)
{
	CLEANUP(closep) int fd = argc > 3 ? connect_to(argv[1]) : -1;
	const char *body = argc > 4 ? argv[4] : "";
	static char answer[1 << 20];
	size_t size = 0;
	ssize_t n;
	char *head;

	if (fd < 0)
		return 1;
	dprintf(fd,
		"%s %s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		argv[2], argv[3], strlen(body), body);
	while (size < sizeof(answer) - 1 &&
	       (n = read(fd, answer + size, sizeof(answer) - 1 - size)) > 0)
		size += (size_t)n;
	head = strstr(answer, "\r\n\r\n");
	if (!head)
		return 1;
	printf("%.3s %s\n", answer + strlen("HTTP/1.1 "), head + 4);
	return 0;
}
