/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/tenant_rules.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/test.h"

static struct tenant_rules rules;
static char err[TENANT_RULES_FAULT];

static int read_rules(const char *text)
{
	err[0] = '\0';
	return tenant_rules_read(text, &rules, err, sizeof(err));
}

static const char *owner(uint32_t uid)
{
	const struct tenant_rule *rule = tenant_rules_find(&rules, uid);

	return rule ? rule->name : "";
}

static int every_word_is_read(void)
{
	const struct tenant_limits *l = &rules.rules[0].limits;

	CHECK(!read_rules("web uids=1000,1010-1019 jobs=100 rate=200.5 burst=400 queue=0"));
	CHECK(rules.count == 1 && !strcmp(rules.rules[0].name, "web"));
	CHECK(l->jobs == 100 && l->rate == 200500 && l->burst == 400 && l->queue == 0);
	return 0;
}

static int what_is_left_out_has_its_default(void)
{
	CHECK(!read_rules("a uids=1; b uids=2 rate=0.5; c uids=3 rate=12.5;default jobs=4;"));
	CHECK(rules.rules[0].limits.jobs == 1000 && rules.rules[0].limits.queue == 1000);
	CHECK(rules.rules[0].limits.rate == 0 && rules.rules[1].limits.burst == 1);
	CHECK(rules.rules[2].limits.burst == 12 && rules.count == 3);
	CHECK(rules.others.jobs == 4 && rules.others.queue == 1000);
	CHECK(!read_rules("") && !rules.count && rules.others.jobs == 1000);
	return 0;
}

static int a_user_has_its_entry(void)
{
	CHECK(!read_rules("b uids=2000-2999,5 ; a uids=1000,1002-1004,0,4294967294"));
	CHECK(!strcmp(owner(5), "b") && !strcmp(owner(2000), "b") && !strcmp(owner(2999), "b"));
	CHECK(!strcmp(owner(0), "a") && !strcmp(owner(1000), "a") && !strcmp(owner(1004), "a"));
	CHECK(!strcmp(owner(4294967294), "a") && !strcmp(owner(4294967295), ""));
	CHECK(!strcmp(owner(1001), "") && !strcmp(owner(3000), "") && !strcmp(owner(6), ""));
	return 0;
}

static int each_fault_names_its_entry_and_mends(void)
{
	static const struct {
		const char *text, *said;
	} faults[] = {
		{ "web", "entry 'web': has no uids: name its users, such as uids=1000,1010-1019" },
		{ "a uids=1; web uids=x",
		  "entry 'web': uids=x must be numbers of users, such as 1000,1010-1019" },
		{ "web uids=1,", "entry 'web': uids=1, must be numbers of users" },
		{ "web uids=4294967295", "entry 'web': uids=4294967295 must be" },
		{ "web uids=99999999999999999999", "entry 'web': uids=99999999999999999999 must" },
		{ "web uids=1-2-3", "entry 'web': uids=1-2-3 must be" },
		{ "web uids=-1", "entry 'web': uids=-1 must be" },
		{ "web uids=9-5", "entry 'web': uids 9-5 end before they begin: turn them" },
		{ "web uids=1 jobs=0",
		  "entry 'web': jobs=0 must be a whole number from 1 to 100000" },
		{ "web uids=1 queue=-1",
		  "entry 'web': queue=-1 must be a whole number from 0 to 100000" },
		{ "web uids=1 burst=2000000",
		  "entry 'web': burst=2000000 must be a whole number from 1 to 1000000" },
		{ "web uids=1 rate=0",
		  "entry 'web': rate=0 must be jobs a second from 0.001 to 1000000, or off" },
		{ "web uids=1 rate=1000000.001", "entry 'web': rate=1000000.001 must be" },
		{ "web uids=1 rate=-1", "entry 'web': rate=-1 must be" },
		{ "web uids=1 speed=2",
		  "entry 'web': 'speed' is none of uids=, jobs=, rate=, burst=, queue=" },
		{ "web uids=1 jobs", "entry 'web': 'jobs' is none of" },
		{ "web uids=1 jobs=1 jobs=2", "entry 'web': jobs= is given twice: keep one" },
		{ "web uids=1; web uids=2", "entry 'web': is given twice: keep one" },
		{ "default; default", "entry 'default': is given twice: keep one" },
		{ "default uids=1", "entry 'default': is for users that no entry names" },
		{ "uids=1", "entry 'uids=1': must begin with a name of up to 31 of" },
		{ "Web uids=1", "entry 'Web': must begin with a name" },
		{ "uid-5 uids=1", "entry 'uid-5': must begin with a name" },
		{ "a uids=1-10; b uids=5-7",
		  "entry 'b': user 5 is in entry 'a' too: keep it in one" },
		{ "a uids=1,1", "entry 'a': user 1 is in entry 'a' too: keep it in one" },
	};

	CHECK(!read_rules("kept uids=7"));
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		CHECK(read_rules(faults[i].text) == -EINVAL);
		if (strncmp(err, faults[i].said, strlen(faults[i].said)))
			printf("# %s: %s\n", faults[i].text, err);
		CHECK(!strncmp(err, faults[i].said, strlen(faults[i].said)));
		CHECK(!strcmp(owner(7), "kept")); /* nothing is half changed */
	}
	return 0;
}

static int there_may_be_so_many_and_no_more(void)
{
	char text[TENANT_RULES_TEXT];
	size_t used = 0;

	for (int i = 0; i < TENANT_RULES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "t%d uids=%d;", i, i);
	CHECK(!read_rules(text) && rules.count == TENANT_RULES_MAX);
	snprintf(text + used, sizeof(text) - used, "default jobs=3");
	CHECK(!read_rules(text) && rules.others.jobs == 3);
	snprintf(text + used, sizeof(text) - used, "more uids=999");
	CHECK(read_rules(text) == -EINVAL && strstr(err, "entry 'more': is past the 64 entries"));
	used = (size_t)snprintf(text, sizeof(text), "t uids=0");
	for (int i = 1; i < TENANT_UIDS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",%d", i * 2);
	CHECK(!read_rules(text) && rules.uid_count == TENANT_UIDS_MAX);
	snprintf(text + used, sizeof(text) - used, ",9999");
	CHECK(read_rules(text) == -EINVAL && strstr(err, "is past the 256 ranges"));
	memset(text, ' ', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CHECK(!read_rules(text));
	return 0;
}

TEST_MAIN({ "every word is read", every_word_is_read },
	  { "what is left out has its default", what_is_left_out_has_its_default },
	  { "a user has its entry", a_user_has_its_entry },
	  { "each fault names its entry and mends", each_fault_names_its_entry_and_mends },
	  { "there may be so many and no more", there_may_be_so_many_and_no_more }, )
