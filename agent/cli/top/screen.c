/* SPDX-License-Identifier: Apache-2.0 */
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include "agent/cli/top/screen.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "agent/base/cleanup.h"
#include "agent/cli/top/canvas.h"
#include "agent/cli/top/model.h"

#define LIBRARY   "libncursesw.so.6"
#define SIZE_MOST 1000 /* beyond it somebody plays */
#define ESCAPE_MS 25   /* how long the rest of an arrow key may take behind its escape */

/* All of the library that is used here; the types are those of its header. */
#define FUNCTIONS(use)                                                                             \
	use(newterm) use(endwin) use(delscreen) use(cbreak) use(noecho) use(curs_set)              \
		use(set_escdelay) use(start_color) use(use_default_colors) use(init_pair)          \
			use(COLOR_PAIR) use(newpad) use(delwin) use(keypad) use(nodelay)           \
				use(wget_wch) use(resize_term) use(clearok) use(werase) use(wmove) \
					use(wattrset) use(waddnwstr) use(wnoutrefresh)             \
						use(doupdate) use(reset_prog_mode)

struct library {
	void *handle;
	WINDOW **all; /* stdscr */
#define MEMBER(name) __typeof__(name) *(name);
	FUNCTIONS(MEMBER)
#undef MEMBER
	/* <term.h> would make macros of half the words there are. */
	int (*setupterm)(const char *name, int fd, int *error);
	char *(*tigetstr)(const char *capability);
};

struct screen {
	struct library lib;
	SCREEN *terminal;
	WINDOW *keys; /* a pad nobody sees: reading from the screen itself would draw it */
	int rows, columns, saved_stderr;
	bool hurried;
	attr_t styles[_STYLE_MAX];
};

/* What a signal's handler needs; the process has one terminal. */
static struct {
	struct termios before;
	char leave[128]; /* out of the other screen, cursor on, plain */
} terminal;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
#define FATAL_COUNT (sizeof(fatal) / sizeof(fatal[0]))

/* --- the last resort --- */

static bool takes_output(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && out.revents == POLLOUT;
}

static void leave_terminal(void)
{
	if (takes_output() && write(STDOUT_FILENO, terminal.leave, strlen(terminal.leave)) < 0)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void on_fatal(int number)
{
	leave_terminal(); /* the handler is reset by now: what comes next is the default */
	raise(number);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = (int)SA_RESETHAND };

	sigaction(number, &action, NULL);
}

/* A terminal that stalls while we write holds the loop; whoever ends us then must get through. */
static void let_be_ended(bool now, sigset_t *before)
{
	sigset_t enders;

	if (!now) {
		pthread_sigmask(SIG_SETMASK, before, NULL);
		handle(SIGTERM, SIG_DFL);
		handle(SIGHUP, SIG_DFL);
		return;
	}
	handle(SIGTERM, on_fatal);
	handle(SIGHUP, on_fatal);
	sigemptyset(&enders);
	sigaddset(&enders, SIGTERM);
	sigaddset(&enders, SIGHUP);
	pthread_sigmask(SIG_UNBLOCK, &enders, before);
}

static void write_out(int (*function)(void))
{
	sigset_t before;

	let_be_ended(true, &before);
	function();
	let_be_ended(false, &before);
}

/* --- begin and end --- */

static int load(struct library *lib, char *why, size_t size)
{
	lib->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle) {
		snprintf(why, size, "top needs %s: install libncursesw6", LIBRARY);
		return -ENOENT;
	}
	lib->all = dlsym(lib->handle, "stdscr");
#define FIND(name)                                                                                 \
	*(void **)&lib->name = dlsym(lib->handle, #name);                                          \
	if (!lib->name) {                                                                          \
		snprintf(why, size, "%s has no %s: install libncursesw6", LIBRARY, #name);         \
		return -ENOENT;                                                                    \
	}
	FUNCTIONS(FIND)
	FIND(setupterm)
	FIND(tigetstr)
#undef FIND
	return lib->all ? 0 : -ENOENT;
}

static int no_terminal(char *why, size_t size, const char *what)
{
	snprintf(why, size, "top needs a terminal, and %s: `fairlead snapshot --watch` does not",
		 what);
	return -ENOTTY;
}

static const char *capability(const struct library *lib, const char *name)
{
	const char *text = lib->tigetstr(name);

	return (intptr_t)text == -1 ? NULL : text; /* no text, or one that this terminal lacks */
}

static void remember_leave(const struct library *lib)
{
	static const char *const names[] = { "sgr0", "cnorm", "rmkx", "rmcup" };
	size_t used = 0;

	terminal.leave[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = capability(lib, names[i]);

		if (text && used < sizeof(terminal.leave))
			used += (size_t)snprintf(terminal.leave + used,
						 sizeof(terminal.leave) - used, "%s", text);
	}
}

/* Whether this terminal can do what a full screen needs, before anything is written to it. */
static int check_terminal(const struct library *lib, char *why, size_t size)
{
	const char *name = getenv("TERM");
	const char *move;
	int found = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return no_terminal(why, size, "this is none");
	if (!name || !*name)
		return no_terminal(why, size, "TERM does not say which");
	if (lib->setupterm(NULL, STDOUT_FILENO, &found) || found != 1)
		return no_terminal(why, size, "nothing is known of the one that TERM names");
	move = capability(lib, "cup");
	remember_leave(lib);
	if (!move)
		return no_terminal(why, size, "TERM names one that cannot move its cursor");
	return tcgetattr(STDIN_FILENO, &terminal.before) ? -errno : 0;
}

static void set_styles(struct screen *s, bool colour)
{
	static const attr_t plain[_STYLE_MAX] = {
		[STYLE_PLAIN] = A_NORMAL,
		[STYLE_BRIGHT] = A_BOLD,
		[STYLE_DIM] = A_DIM,
		[STYLE_HEAD] = A_UNDERLINE,
		[STYLE_SELECTED] = A_REVERSE,
		[STYLE_STATUS] = A_REVERSE,
		[STYLE_GOOD] = A_NORMAL,
		[STYLE_WARN] = A_REVERSE,
		[STYLE_BAD] = A_REVERSE | A_BOLD,
	};
	static const struct {
		enum style style;
		short colour;
		attr_t attributes;
	} bright[] = {
		{ STYLE_GOOD, COLOR_GREEN, A_NORMAL },
		{ STYLE_WARN, COLOR_YELLOW, A_BOLD },
		{ STYLE_BAD, COLOR_RED, A_BOLD },
		{ STYLE_HEAD, COLOR_CYAN, A_UNDERLINE },
	};

	memcpy(s->styles, plain, sizeof(plain));
	if (!colour || s->lib.start_color() == ERR)
		return;
	s->lib.use_default_colors();
	for (short i = 0; i < (short)(sizeof(bright) / sizeof(bright[0])); i++)
		if (s->lib.init_pair((short)(i + 1), bright[i].colour, -1) != ERR)
			s->styles[bright[i].style] =
				(attr_t)s->lib.COLOR_PAIR(i + 1) | bright[i].attributes;
}

/* What a library or the log says on stderr would be written across the screen. */
static int silence_stderr(void)
{
	CLEANUP(closep) int nowhere = -1;
	int saved;

	if (!isatty(STDERR_FILENO))
		return -1;
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (saved >= 0 && nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	return saved;
}

static void find_size(struct screen *s)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col) {
		size.ws_row = 24;
		size.ws_col = 80;
	}
	s->rows = size.ws_row < SIZE_MOST ? size.ws_row : SIZE_MOST;
	s->columns = size.ws_col < SIZE_MOST ? size.ws_col : SIZE_MOST;
}

int screen_new(struct screen **ret, char *why, size_t size)
{
	CLEANUP(screen_freep) struct screen *s = calloc(1, sizeof(*s));
	int r;

	snprintf(why, size, "out of memory");
	if (!s)
		return -ENOMEM;
	s->saved_stderr = -1;
	r = load(&s->lib, why, size);
	if (!r)
		r = check_terminal(&s->lib, why, size);
	if (!r)
		*ret = TAKE(s);
	return r;
}

int screen_begin(struct screen *s, bool colour)
{
	for (size_t i = 0; i < FATAL_COUNT; i++)
		handle(fatal[i], on_fatal);
	s->terminal = s->lib.newterm(NULL, stdout, stdin);
	if (!s->terminal)
		return -ENOTTY;
	s->saved_stderr = silence_stderr();
	s->lib.set_escdelay(ESCAPE_MS);
	s->lib.cbreak();
	s->lib.noecho();
	s->lib.curs_set(0);
	s->keys = s->lib.newpad(1, 1);
	if (!s->keys)
		return -ENOMEM;
	s->lib.keypad(s->keys, TRUE);
	s->lib.nodelay(s->keys, TRUE);
	set_styles(s, colour);
	find_size(s);
	return 0;
}

struct screen *screen_free(struct screen *s)
{
	if (!s)
		return NULL;
	if (s->keys)
		s->lib.delwin(s->keys);
	if (s->terminal) {
		if (s->hurried && !takes_output())
			leave_terminal();
		else
			write_out(s->lib.endwin);
		s->lib.delscreen(s->terminal);
		for (size_t i = 0; i < FATAL_COUNT; i++)
			handle(fatal[i], SIG_DFL);
	}
	if (s->saved_stderr >= 0) {
		dup2(s->saved_stderr, STDERR_FILENO);
		close(s->saved_stderr);
	}
	if (s->lib.handle)
		dlclose(s->lib.handle);
	free(s);
	return NULL;
}

void screen_hurry(struct screen *s)
{
	s->hurried = true;
}

void screen_freep(struct screen **s)
{
	*s = screen_free(*s);
}

/* --- between --- */

void screen_size(const struct screen *s, int *rows, int *columns)
{
	*rows = s->rows;
	*columns = s->columns;
}

/* Runs of one style, a call each. */
static void put_row(struct screen *s, const struct canvas *c, int row)
{
	const struct cell *cells = &c->cells[(size_t)row * (size_t)c->columns];
	wchar_t text[512];
	int n = 0;

	s->lib.wmove(*s->lib.all, row, 0);
	for (int i = 0; i < c->columns; i++) {
		if (cells[i].c)
			text[n++] = (wchar_t)cells[i].c;
		if (i + 1 < c->columns && cells[i + 1].style == cells[i].style &&
		    n < (int)(sizeof(text) / sizeof(text[0])))
			continue;
		s->lib.wattrset(*s->lib.all, (int)s->styles[cells[i].style]);
		s->lib.waddnwstr(*s->lib.all, text, n);
		n = 0;
	}
}

bool screen_show(struct screen *s, const struct canvas *c)
{
	if (!takes_output())
		return false;
	s->lib.wattrset(*s->lib.all, (int)A_NORMAL);
	s->lib.werase(*s->lib.all);
	for (int row = 0; row < c->rows; row++)
		put_row(s, c, row);
	s->lib.wnoutrefresh(*s->lib.all);
	write_out(s->lib.doupdate);
	return true;
}

uint32_t screen_key(struct screen *s)
{
	static const struct {
		wint_t curses;
		uint32_t key;
	} keys[] = {
		{ KEY_UP, KEY_GO_UP },        { KEY_DOWN, KEY_GO_DOWN },
		{ KEY_LEFT, KEY_GO_LEFT },    { KEY_RIGHT, KEY_GO_RIGHT },
		{ KEY_PPAGE, KEY_PAGE_UP },   { KEY_NPAGE, KEY_PAGE_DOWN },
		{ KEY_HOME, KEY_GO_FIRST },   { KEY_END, KEY_GO_LAST },
		{ KEY_BACKSPACE, KEY_ERASE }, { KEY_ENTER, KEY_RETURN },
	};
	wint_t key;
	int r = s->lib.wget_wch(s->keys, &key);

	if (r == ERR)
		return 0;
	if (r != KEY_CODE_YES)
		return key ? (uint32_t)key : KEY_OTHER_THAN_TEXT;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == key)
			return keys[i].key;
	return KEY_OTHER_THAN_TEXT;
}

/* By SIGTSTP itself: where there is no shell to continue us, the kernel does not let us stop. */
void screen_stop(struct screen *s)
{
	sigset_t stop, before;

	write_out(s->lib.endwin);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	handle(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	screen_resume(s);
}

void screen_resume(struct screen *s)
{
	write_out(s->lib.reset_prog_mode);
	screen_resize(s);
}

void screen_resize(struct screen *s)
{
	find_size(s);
	s->lib.resize_term(s->rows, s->columns);
	s->lib.clearok(*s->lib.all, TRUE);
}
