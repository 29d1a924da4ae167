/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of sockets, and who can be reached by them. */
#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/vm/escape/trick.h"

static int opens(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : done(close(fd));
}

static int raw_icmp(void)
{
	return opens(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int raw_ipv6(void)
{
	return opens(AF_INET6, SOCK_RAW, IPPROTO_RAW);
}

static int multipath(void)
{
	return opens(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
}

static int multipath_with_high_bits(void)
{
	return done(syscall(SYS_socket, AF_INET, SOCK_STREAM, 262 | (1ul << 32)));
}

/* What the kernel says of a module that it has not: the module was looked for. */
static int load_protocol(void)
{
	int r = opens(AF_INET, SOCK_STREAM, 132 /* IPPROTO_SCTP */);

	return r == -EPROTONOSUPPORT ? 0 : r;
}

static int load_protocol_by_type(void)
{
	int r = opens(AF_INET, SOCK_DCCP, 0);

	return r == -ESOCKTNOSUPPORT ? 0 : r;
}

static int ping(void)
{
	return opens(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int packets(void)
{
	return opens(AF_PACKET, SOCK_RAW, 0);
}

static int route_netlink(void)
{
	return opens(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int audit_netlink(void)
{
	return opens(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static int uevent_netlink(void)
{
	return opens(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
}

static int filter_netlink(void)
{
	return opens(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static int generic_netlink(void)
{
	return opens(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static int vsock(void)
{
	return opens(AF_VSOCK, SOCK_STREAM, 0);
}

static int crypto(void)
{
	return opens(AF_ALG, SOCK_SEQPACKET, 0);
}

static int key_sockets(void)
{
	return opens(AF_KEY, SOCK_RAW, 2 /* PF_KEY_V2 */);
}

static int xdp(void)
{
	return opens(AF_XDP, SOCK_RAW, 0);
}

static int pair_of_netlink(void)
{
	/* A filter that knows socket() may have forgotten its sibling: let in, it is EOPNOTSUPP. */
	int ends[2], r = done(socketpair(AF_NETLINK, SOCK_RAW, 0, ends));

	return r == -EOPNOTSUPP ? 0 : r;
}

static int connect_loopback(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(NEIGHBOUR_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : done(connect(fd, (const struct sockaddr *)&to, sizeof(to)));
}

static int send_loopback(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(NEIGHBOUR_PORT),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte = 0;

	/* One's own loopback takes it and tells of nobody there when asked again. */
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) ||
	    send(fd, &byte, 1, 0) < 0 || send(fd, &byte, 1, 0) < 0)
		return -errno;
	return 0;
}

static int abstract(int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(NAME));
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path + 1, NAME, sizeof(NAME) - 1);
	return fd < 0 ? -errno : done(connect(fd, (const struct sockaddr *)&to, length));
}

static int abstract_stream(void)
{
	return abstract(SOCK_STREAM);
}

static int abstract_datagram(void)
{
	return abstract(SOCK_DGRAM);
}

static int raise_interface(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : done(ioctl(fd, SIOCSIFFLAGS, &lo));
}

static int low_port(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(80),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : done(bind(fd, (const struct sockaddr *)&at, sizeof(at)));
}

static int send_mark(void)
{
	const int mark = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : done(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
}

static int transparent(void)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : done(setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof(on)));
}

/* Who one is said to be on a socket of the own kind; a service would believe it. */
static int forge_credentials(void)
{
	struct ucred other = { .pid = getpid(), .uid = 12345, .gid = getgid() };
	char space[CMSG_SPACE(sizeof(other))] = { 0 }, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = space,
			    .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return -errno;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(other));
	memcpy(CMSG_DATA(c), &other, sizeof(other));
	return done(sendmsg(ends[0], &m, 0));
}

const struct trick network_tricks[] = {
	{ "raw-icmp", "opens a raw socket", "seccomp, capabilities", "filter,caps", NULL,
	  raw_icmp },
	{ "raw-ipv6", "opens a raw IPv6 socket", "seccomp, capabilities", "filter,caps", NULL,
	  raw_ipv6 },
	{ "mptcp", "opens a socket of a protocol that few need", "seccomp", "filter", NULL,
	  multipath },
	{ "mptcp-high-bits", "the same, with bits set that the kernel does not look at", "seccomp",
	  "filter", NULL, multipath_with_high_bits },
	{ "protocol-module", "has the module of a protocol loaded", "seccomp", "filter", NULL,
	  load_protocol },
	{ "type-module", "the same by a type of sockets", "seccomp", "filter", NULL,
	  load_protocol_by_type },
	{ "ping", "opens a ping socket", "network namespace", "net", NULL, ping },
	{ "packet", "opens a packet socket", "seccomp, capabilities", "filter,caps", NULL,
	  packets },
	{ "netlink-route", "opens rtnetlink", "seccomp", "filter", NULL, route_netlink },
	{ "netlink-audit", "opens the audit netlink", "seccomp", "filter", NULL, audit_netlink },
	{ "netlink-uevent", "hears of the host's devices", "seccomp", "filter", NULL,
	  uevent_netlink },
	{ "netlink-netfilter", "opens the packet filter's netlink", "seccomp, capabilities",
	  "filter,caps", NULL, filter_netlink },
	{ "netlink-generic", "opens generic netlink", "seccomp", "filter", NULL, generic_netlink },
	{ "netlink-pair", "asks for a pair of netlink sockets", "seccomp", "filter", NULL,
	  pair_of_netlink },
	{ "vsock", "opens a socket to the hypervisor", "seccomp", "filter", NULL, vsock },
	{ "af-alg", "opens a socket to the kernel's ciphers", "seccomp", "filter", NULL, crypto },
	{ "af-key", "opens a PF_KEY socket", "seccomp, capabilities", "filter,caps", NULL,
	  key_sockets },
	{ "af-xdp", "opens an XDP socket", "seccomp, capabilities", "filter,caps", NULL, xdp },
	{ "other-listener", "connects to another's listener on 127.0.0.1",
	  "network namespace, landlock", "net,fence", NULL, connect_loopback },
	{ "other-datagrams", "sends to another's port on 127.0.0.1", "network namespace", "net",
	  NULL, send_loopback },
	{ "abstract-stream", "connects to another's abstract socket", "network namespace, landlock",
	  "net,fence", NULL, abstract_stream },
	{ "abstract-datagram", "the same with datagrams", "network namespace, landlock",
	  "net,fence", NULL, abstract_datagram },
	{ "interface", "raises an interface", "seccomp, capabilities", "filter,caps", NULL,
	  raise_interface },
	{ "low-port", "listens below 1024", "capabilities, landlock", "caps,fence", NULL,
	  low_port },
	{ "socket-mark", "marks its packets", "capabilities", "caps", NULL, send_mark },
	{ "transparent", "speaks for another address", "capabilities", "caps", NULL, transparent },
	{ "credentials", "says on a socket that it is another user", "capabilities", "caps,user",
	  NULL, forge_credentials },
	{ 0 },
};
