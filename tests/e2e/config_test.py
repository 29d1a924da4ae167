# SPDX-License-Identifier: Apache-2.0
"""Bad configuration: one line with file, line and column, and exit 2; started or checked."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import command, folder, one_line
from tap import check, equal, main


def refused(text, *parts, name="bad.yaml"):
    """The file is refused the same way by --check and by a start."""
    path = os.path.join(folder(), name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    refused_path(path, *parts)


def refused_path(path, *parts):
    one_line(command("agent", "--check", "--config", path), 2, *parts)
    one_line(command("agent", "--config", path, "--socket", f"{folder()}/s"), 2, *parts)


def test_an_unknown_key_is_named_with_its_place():
    "an unknown key is named with its place and the likely right one"
    refused("log:\n  level: info\n  fromat: json\n", "bad.yaml:3:3:", "fromat", "log.format")


def test_a_wrong_unit_is_refused():
    "5parsecs is no duration, and the line says what is"
    refused("signals:\n  interval: 5parsecs\n", "bad.yaml:2:13:", "5parsecs")


def test_a_contradiction_names_both_values():
    refused("signals:\n  interval: 10s\n  window: 2s\n", "bad.yaml:3:", "2s", "10s")


def test_an_alias_bomb_is_refused():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8))
    refused(bomb, "bad.yaml:1:")


def test_ten_megabytes_of_noise_are_refused():
    refused(os.urandom(10 << 20), "bad.yaml:1:1:")


def test_a_folder_is_refused():
    refused_path(folder(), ":1:1:")


def test_an_unreadable_file_is_refused():
    "a file that is not there is refused"
    refused_path(os.path.join(folder(), "none.yaml"), "none.yaml:1:1:", "No such file")


def test_a_pipe_does_not_hang():
    "a pipe in the file's place is refused at once"
    path = os.path.join(folder(), "pipe")
    os.mkfifo(path)
    refused_path(path, "pipe:1:1:")


def test_text_that_is_no_utf8_is_refused():
    refused(b"log:\n  level: \xff\xfe\n", "bad.yaml:")


def test_a_wrong_flag_is_refused():
    "a wrong flag or value is refused with the likely right one"
    one_line(command("agent", "--drain-timout", "1s"), 2, "--drain-timout", "--drain-timeout")
    one_line(command("agent", "--drain-timeout", "never"), 2, "never")
    one_line(command("snapshto"), 2, "snapshto", "snapshot")
    one_line(command(), 2, "--help")


def test_check_shows_what_is_in_force():
    "--check shows what would be in force and where each value comes from"
    path = os.path.join(folder(), "good.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write("log:\n  level: warn\n")
    result = command("agent", "--check", "--config", path, "--log-format", "json")
    equal(result.returncode, 0, "exit status")
    check("level: warn" in result.stdout and "format: json" in result.stdout, result.stdout)
    check("good.yaml:2" in result.stdout, result.stdout)


def refused_alike(*words):
    """--check ends with the line that a start ends with."""
    checked = command("agent", "--check", *words)
    one_line(checked, 2, words[1])
    equal(command("agent", "--socket", f"{folder()}/s", *words).stderr, checked.stderr, words)


def test_check_knows_what_the_start_would_refuse():
    "--check refuses a user, an address, a port and a file in the words of the start"
    refused_alike("--metrics-listen", "192.0.2.1:9464")
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        port = int(file.read()) - 1
    if port > 0:
        refused_alike("--metrics-listen", f"127.0.0.1:{port}")
    refused_alike("--otlp-ca", f"{folder()}/none", "--otlp-endpoint", "https://127.0.0.1:1")
    if os.geteuid():
        return      # an ordinary user's agent is that user, and may read what he may
    for user in ("root", "nosuch"):
        refused_alike("--user", user)
    secret = os.path.join(folder(), "token")
    with open(secret, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write("Authorization: x\n")
    refused_alike("--otlp-headers-file", secret, "--otlp-endpoint", "http://127.0.0.1:1")


def test_check_knows_where_no_socket_can_be():
    "--check refuses a socket's path that is something else or has no folder, in the words of the start"
    where = folder()
    for path in (f"{where}/s", f"{where}/made/s"):
        equal(command("agent", "--check", "--socket", path).returncode, 0, path)
    equal(os.listdir(where), [], "what a check has made")
    open(f"{where}/file", "w", encoding="ascii").close()
    for path in (f"{where}/file", f"{where}/no/such/s", f"{where}/file/s", f"{where}/x/"):
        checked = command("agent", "--check", "--socket", path)
        one_line(checked, 2, path, "--socket")
        equal(command("agent", "--socket", path).stderr, checked.stderr, path)


def test_check_does_not_mind_a_taken_port():
    "--check accepts a port that somebody has: it may be the agent itself"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        equal(command("agent", "--check", "--metrics-listen", address).returncode, 0, "exit status")


def test_defaults_need_no_file():
    equal(command("agent", "--check").returncode, 0, "exit status")


if __name__ == "__main__":
    main()
