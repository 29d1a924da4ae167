/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate: writes what is made from the tables of commands and options to stdout:
 *   generate help|man1|man5|config-md|cli-md|bash|zsh
 */
#include <stdio.h>
#include <string.h>

#include "agent/cli/commands.h"
#include "agent/config/command.h"
#include "agent/config/render.h"

static void help(const struct command *all, size_t n, FILE *out)
{
	render_help(all, n, NULL, out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\n--- fairlead %s --help ---\n", all[i].name);
		render_help(all, n, &all[i], out);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*render)(const struct command *all, size_t n, FILE *out);
	} forms[] = {
		{ "help", help },
		{ "man1", render_man_commands },
		{ "man5", render_man_config },
		{ "config-md", render_markdown_config },
		{ "cli-md", render_markdown_commands },
		{ "bash", render_bash },
		{ "zsh", render_zsh },
	};
	size_t n;
	const struct command *all = commands(&n);

	for (size_t i = 0; argc == 2 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(argv[1], forms[i].name) == 0) {
			forms[i].render(all, n, stdout);
			if (fflush(stdout) == 0 && !ferror(stdout))
				return 0;
			perror("generate");
			return 1;
		}
	fputs("generate: what is to be made is missing: "
	      "say help, man1, man5, config-md, cli-md, bash or zsh\n",
	      stderr);
	return 2;
}
