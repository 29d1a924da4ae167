/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render: everything that tells a person about commands and settings, made from the tables
 * that also parse them, so that no text can be out of date.  Only writes to `out`.
 */
#pragma once
#include <stddef.h>
#include <stdio.h>

struct command;

/* --help in 80 columns: of command c, or with NULL of all n. */
void render_help(const struct command *all, size_t n, const struct command *c, FILE *out);

void render_man_commands(const struct command *all, size_t n, FILE *out);      /* fairlead.1 */
void render_man_config(const struct command *all, size_t n, FILE *out);        /* fairlead.yaml.5 */
void render_markdown_commands(const struct command *all, size_t n, FILE *out); /* docs/cli.md */
void render_markdown_config(const struct command *all, size_t n, FILE *out);   /* docs/config.md */
void render_bash(const struct command *all, size_t n, FILE *out);
void render_zsh(const struct command *all, size_t n, FILE *out);
