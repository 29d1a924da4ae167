/* SPDX-License-Identifier: Apache-2.0 */
/* What a job makes of the descriptor that it was handed as stdin. */
#include <arpa/inet.h>
#include <asm/ioctls.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int open_for_writing(void)
{
	int fd = open("/proc/self/fd/0", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int open_dev_stdin(void)
{
	int fd = open("/dev/stdin", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int cut(void)
{
	return done(truncate("/proc/self/fd/0", 4));
}

static int cut_by_opening(void)
{
	int fd = open("/proc/self/fd/0", O_RDONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int change_mode(void)
{
	return done(fchmod(0, 0666));
}

static int change_times(void)
{
	return done(futimens(0, NULL));
}

/* A leader of a session without a terminal takes one, which then lets it type. */
static int take_terminal(void)
{
	(void)setsid();
	return done(ioctl(0, TIOCSCTTY, 0));
}

static int type_into_terminal(void)
{
	char key = '\n';

	(void)setsid();
	if (ioctl(0, TIOCSCTTY, 0))
		return -errno;
	return done(ioctl(0, TIOCSTI, &key));
}

static int type_outright(void)
{
	char key = '\n';

	return done(ioctl(0, TIOCSTI, &key));
}

/* The kernel looks at 32 bits of the number; a filter must too. */
static int type_with_high_bits(void)
{
	char key = '\n';

	(void)setsid();
	(void)ioctl(0, TIOCSCTTY, 0);
	return done(ioctl(0, TIOCSTI | (1ul << 32), &key));
}

static int take_console(void)
{
	return done(ioctl(0, TIOCCONS));
}

static int set_discipline(void)
{
	const int usual = 0;

	return done(ioctl(0, TIOCSETD, &usual));
}

static int claim_terminal(void)
{
	int r = done(ioctl(0, TIOCEXCL));

	(void)ioctl(0, TIOCNXCL);
	return r;
}

/* A socket belongs to the network that it was made in: its interfaces can be asked of it. */
static int list_interfaces(void)
{
	struct ifreq of[8];
	struct ifconf all = { .ifc_len = sizeof(of), .ifc_req = of };
	int r = done(ioctl(0, SIOCGIFCONF, &all));

	return r ? r : all.ifc_len > 0 ? 0 : -ENODEV;
}

static int ask_interface(void)
{
	struct ifreq lo = { .ifr_name = "lo" };

	return done(ioctl(0, SIOCGIFINDEX, &lo));
}

static int send_abstract(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(NAME));

	memcpy(to.sun_path + 1, NAME, sizeof(NAME) - 1);
	return done(connect(0, (const struct sockaddr *)&to, length));
}

/* A connection that is given up is an unused socket, of the host's network. */
static int connect_elsewhere(void)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(NEIGHBOUR_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (connect(0, &nowhere, sizeof(nowhere)))
		return -errno;
	return done(connect(0, (const struct sockaddr *)&to, sizeof(to)));
}

static int listen_there(void)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	return connect(0, &nowhere, sizeof(nowhere)) ? -errno : done(listen(0, 1));
}

static int send_elsewhere(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(NEIGHBOUR_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return done(sendto(0, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)));
}

/* A folder as a descriptor: from it one goes up. */
static int climb_from_handed(void)
{
	return done(faccessat(0, "../../../../init", F_OK, 0));
}

const struct trick handed_tricks[] = {
	{ "stdin-write", "opens for writing the file that it was handed for reading",
	  "read-only view, landlock", "fence,views", "file", open_for_writing },
	{ "stdin-dev", "the same by /dev/stdin", "read-only view, landlock", "fence,views", "file",
	  open_dev_stdin },
	{ "stdin-truncate", "truncates the file that it was handed for reading",
	  "read-only view, landlock", "fence,views", "file", cut },
	{ "stdin-open-truncate", "the same by opening it", "read-only view, landlock",
	  "fence,views", "file", cut_by_opening },
	{ "stdin-mode", "changes the mode of the file that it was handed", "read-only view",
	  "views,user,caps", "file", change_mode },
	{ "stdin-times", "sets the times of the file that it was handed", "read-only view", "views",
	  "file", change_times },
	{ "terminal-take", "makes the terminal its own", "seccomp", "filter", "tty",
	  take_terminal },
	{ "terminal-type", "types into the terminal, once it is its own", "seccomp", "filter",
	  "tty", type_into_terminal },
	{ "terminal-type-outright", "types into a terminal that is not its own",
	  "seccomp, capabilities, user namespace", "filter,caps,user", "tty", type_outright },
	{ "terminal-high-bits", "types with bits set that the kernel does not look at", "seccomp",
	  "filter", "tty", type_with_high_bits },
	{ "terminal-console", "has the kernel's messages sent to the terminal",
	  "seccomp, capabilities, user namespace", "filter,caps,user", "tty", take_console },
	{ "terminal-discipline", "sets the line discipline, for which modules are loaded",
	  "seccomp", "filter", "tty", set_discipline },
	{ "terminal-exclusive", "keeps others from opening the terminal", "seccomp", "filter",
	  "tty", claim_terminal },
	{ "socket-interfaces", "lists the host's interfaces by a socket of the host's", "seccomp",
	  "filter", "stream", list_interfaces },
	{ "socket-index", "asks for one of the host's interfaces", "seccomp", "filter", "stream",
	  ask_interface },
	{ "datagram-abstract", "connects a datagram socket of the host's to an abstract one",
	  "such a socket is refused, landlock", "streams,fence", "dgram", send_abstract },
	{ "tcp-elsewhere", "gives a connection up and connects to another's listener",
	  "such a socket is refused, landlock", "streams,fence", "tcp", connect_elsewhere },
	{ "tcp-listen", "gives a connection up and listens on the host", "such a socket is refused",
	  "streams", "tcp", listen_there },
	{ "udp-elsewhere", "sends to another's port by a socket of the host's",
	  "such a socket is refused", "streams", "udp", send_elsewhere },
	{ "folder-climb", "goes up from a folder that it was handed", "a folder is refused",
	  "streams,fence", "folder", climb_from_handed },
	{ 0 },
};
