/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One test file, one binary, TAP on stdout.  A test is a function that returns 0 when its
 * claim holds; SKIP("why") leaves one that cannot be judged here.  Exit status: 0 passed,
 * 1 something failed, 77 everything skipped.
 */
#pragma once
#include <stdio.h>

struct test_case {
	const char *name; /* the claim, as a sentence */
	int (*run)(void);
};

enum { TEST_FAILED = 1, TEST_SKIPPED = 77 };

static const char *test_skip_reason = "";

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                        \
			return TEST_FAILED;                                                        \
		}                                                                                  \
	} while (0)

#define SKIP(why)                                                                                  \
	do {                                                                                       \
		test_skip_reason = (why);                                                          \
		return TEST_SKIPPED;                                                               \
	} while (0)

static inline int run_tests(const struct test_case *tests, int n)
{
	int failed = 0, skipped = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); /* what was said before a crash is not lost with it */
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		int result = tests[i].run();

		if (result == TEST_SKIPPED) {
			printf("ok %d - %s # SKIP %s\n", i + 1, tests[i].name, test_skip_reason);
			skipped++;
			continue;
		}
		printf("%sok %d - %s\n", result ? "not " : "", i + 1, tests[i].name);
		failed += result != 0;
	}
	return failed ? TEST_FAILED : skipped == n ? TEST_SKIPPED : 0;
}

#define TEST_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		const struct test_case all[] = { __VA_ARGS__ };                                    \
		return run_tests(all, (int)(sizeof(all) / sizeof(all[0])));                        \
	}
