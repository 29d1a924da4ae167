/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/bench/tiny.h"

#include <stdint.h>
#include <string.h>

#define AT 0x400000

/* exit(0) */
#if defined(__x86_64__)
#define MACHINE EM_X86_64
static const unsigned char code[] = {
	0x31, 0xff,                   /* xor edi, edi */
	0xb8, 0x3c, 0x00, 0x00, 0x00, /* mov eax, 60 */
	0x0f, 0x05,                   /* syscall */
};
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
static const unsigned char code[] = {
	0x00, 0x00, 0x80, 0xd2, /* mov x0, #0 */
	0xa8, 0x0b, 0x80, 0xd2, /* mov x8, #93 */
	0x01, 0x00, 0x00, 0xd4, /* svc #0 */
};
#else
#error "write exit(0) for this machine"
#endif

void tiny_make(struct tiny *ret)
{
	*ret = (struct tiny){
		.head = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT },
			  .e_type = ET_EXEC,
			  .e_machine = MACHINE,
			  .e_version = EV_CURRENT,
			  .e_entry = AT + offsetof(struct tiny, code),
			  .e_phoff = offsetof(struct tiny, load),
			  .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 1 },
		.load = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = AT,
			  .p_paddr = AT,
			  .p_filesz = sizeof(struct tiny),
			  .p_memsz = sizeof(struct tiny),
			  .p_align = 0x10000 },
	};
	memcpy(ret->code, code, sizeof(code));
}

void tiny_base64(char ret[static TINY_BASE64])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct tiny program;
	unsigned char bytes[sizeof(program) + 2] = { 0 };

	tiny_make(&program);
	memcpy(bytes, &program, sizeof(program));
	for (size_t i = 0; i < sizeof(program); i += 3) {
		uint32_t three =
			(uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		for (int k = 0; k < 4; k++)
			*ret++ = i + (size_t)k > sizeof(program)
					 ? '='
					 : digits[three >> (18 - 6 * k) & 63];
	}
	*ret = '\0';
}
