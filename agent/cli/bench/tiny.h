/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny: a static program that ends at once and well, made here byte by byte, so that measuring a
 * sandbox takes no compiler.  What starts slowest is then the sandbox, never the program.
 */
#pragma once
#include <elf.h>
#include <stddef.h>

struct tiny {
	Elf64_Ehdr head;
	Elf64_Phdr load;
	unsigned char code[16];
};

void tiny_make(struct tiny *ret);

#define TINY_BASE64 ((sizeof(struct tiny) + 2) / 3 * 4 + 1)
void tiny_base64(char ret[static TINY_BASE64]);
