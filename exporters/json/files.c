/* SPDX-License-Identifier: Apache-2.0 */
#include "exporters/json/files.h"

#include "agent/base/clock.h"
#include "agent/snapshot/snapshot.h"
#include "exporters/json/room.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum kind {
	COUNTER, /* KEY in the window, null where that is not known, and KEY_total */
	SECONDS, /* a counter of nanoseconds, told in seconds */
	GAUGE,
	LIMIT /* a gauge that may be none: null */
};

static const struct field {
	enum use_of of;
	enum kind kind;
	const char *key;
	size_t at;
} fields[] = {
#define FIELD(of, kind, key, member) { of, kind, key, offsetof(struct cgroup_use, member) }
	FIELD(USE_CPU, SECONDS, "usage_seconds", cpu.usage_ns),
	FIELD(USE_CPU, SECONDS, "user_seconds", cpu.user_ns),
	FIELD(USE_CPU, SECONDS, "system_seconds", cpu.system_ns),
	FIELD(USE_THROTTLING, COUNTER, "periods", throttling.periods),
	FIELD(USE_THROTTLING, COUNTER, "throttled_periods", throttling.throttled_periods),
	FIELD(USE_THROTTLING, SECONDS, "throttled_seconds", throttling.throttled_ns),
	FIELD(USE_MEMORY, GAUGE, "used_bytes", memory.used_bytes),
	FIELD(USE_MEMORY, LIMIT, "limit_bytes", memory.limit_bytes),
	FIELD(USE_MEMORY, GAUGE, "peak_bytes", memory.peak_bytes),
	FIELD(USE_MEMORY, GAUGE, "anon_bytes", memory.anon_bytes),
	FIELD(USE_MEMORY, GAUGE, "file_bytes", memory.file_bytes),
	FIELD(USE_MEMORY, GAUGE, "inactive_file_bytes", memory.inactive_file_bytes),
	FIELD(USE_MEMORY, GAUGE, "swap_bytes", memory.swap_bytes),
	FIELD(USE_MEMORY, COUNTER, "major_faults", memory.major_faults),
	FIELD(USE_MEMORY, COUNTER, "oom_kills", memory.oom_kills),
	FIELD(USE_MEMORY, COUNTER, "limit_hits", memory.limit_hits),
	FIELD(USE_IO, COUNTER, "read_bytes", io.read_bytes),
	FIELD(USE_IO, COUNTER, "written_bytes", io.written_bytes),
	FIELD(USE_IO, COUNTER, "reads", io.reads),
	FIELD(USE_IO, COUNTER, "writes", io.writes),
	FIELD(USE_PIDS, GAUGE, "count", pids),
};

static const uint64_t *value_of(const struct cgroup_use *use, const struct field *f)
{
	return (const uint64_t *)((const char *)use + f->at);
}

static json_t *number(enum kind kind, uint64_t n)
{
	if (kind == LIMIT && n == USE_NO_LIMIT)
		return json_null();
	return kind == SECONDS ? json_real((double)n / (double)NS_PER_SEC)
			       : json_integer((json_int_t)n);
}

static void add(json_t *to, enum kind kind, const char *key, const uint64_t *window, uint64_t total)
{
	char name[64];

	if (kind >= GAUGE) {
		json_object_set_new(to, key, number(kind, total));
		return;
	}
	json_object_set_new(to, key, window ? number(kind, *window) : json_null());
	snprintf(name, sizeof(name), "%s_total", key);
	json_object_set_new(to, name, number(kind, total));
}

static json_t *pressure(const struct cgroup_snapshot *c)
{
	bool window = c->use.version[USE_PRESSURE];
	json_t *all = json_object();

	for (int of = 0; of < _PRESSURE_MAX; of++) {
		const struct pressure *now = &c->use_total.pressure[of];
		const struct pressure *then = &c->use.pressure[of];
		json_t *one = now->known ? json_object() : json_null();

		json_object_set_new(all, pressure_names[of], one);
		if (!now->known)
			continue;
		add(one, SECONDS, "some_seconds", window ? &then->some_ns : NULL, now->some_ns);
		add(one, SECONDS, "full_seconds", window ? &then->full_ns : NULL, now->full_ns);
	}
	return all;
}

void json_files_cgroup(json_t *to, const struct cgroup_snapshot *c)
{
	char from[USE_FROM_TEXT];

	for (int of = 0; of < _USE_MAX; of++)
		json_object_set_new(to, use_names[of],
				    !c->use_total.version[of] ? json_null()
				    : of == USE_PRESSURE      ? pressure(c)
							      : json_object());
	for (size_t i = 0; i < COUNT(fields); i++) {
		const struct field *f = &fields[i];

		if (c->use_total.version[f->of])
			add(json_object_get(to, use_names[f->of]), f->kind, f->key,
			    c->use.version[f->of] ? value_of(&c->use, f) : NULL,
			    *value_of(&c->use_total, f));
	}
	if (c->use_total.version[USE_MEMORY])
		json_object_set_new(
			json_object_get(to, use_names[USE_MEMORY]), "working_set_bytes",
			json_integer((json_int_t)cgroup_use_working_set(&c->use_total)));
	json_object_set_new(to, "hierarchy", json_string(cgroup_use_from(&c->use_total, from)));
}

void json_files_cpu(json_t *to, const struct cpu_snapshot *c)
{
	json_t *time = c->time_total.known ? json_object() : json_null();
	char key[32];

	json_object_set_new(to, "time", time);
	for (int mode = 0; c->time_total.known && mode < _CPU_MODE_MAX; mode++) {
		snprintf(key, sizeof(key), "%s_seconds", cpu_mode_names[mode]);
		add(time, SECONDS, key, c->time.known ? &c->time.ns[mode] : NULL,
		    c->time_total.ns[mode]);
	}
}

void json_files_memory(json_t *to, const struct memory *m)
{
	const struct {
		const char *key;
		uint64_t bytes;
	} rows[] = {
		{ "buffers_bytes", m->buffers_bytes },
		{ "swap_cached_bytes", m->swap_cached_bytes },
		{ "active_bytes", m->active_bytes },
		{ "inactive_bytes", m->inactive_bytes },
		{ "anon_bytes", m->anon_bytes },
		{ "mapped_bytes", m->mapped_bytes },
		{ "shmem_bytes", m->shmem_bytes },
		{ "slab_reclaimable_bytes", m->slab_reclaimable_bytes },
		{ "slab_unreclaimable_bytes", m->slab_unreclaimable_bytes },
		{ "page_tables_bytes", m->page_tables_bytes },
		{ "kernel_stack_bytes", m->kernel_stack_bytes },
		{ "committed_bytes", m->committed_bytes },
		{ "commit_limit_bytes", m->commit_limit_bytes },
		{ "anon_huge_bytes", m->anon_huge_bytes },
		{ "huge_total_bytes", m->huge_total_bytes },
		{ "huge_free_bytes", m->huge_free_bytes },
	};

	for (size_t i = 0; m->known && i < COUNT(rows); i++)
		json_object_set_new(to, rows[i].key, json_integer((json_int_t)rows[i].bytes));
}

static json_t *system_of(const struct system_use *s)
{
	if (!s->known)
		return json_null();
	return json_pack("{so so so sI sI sI sI sI sI sI sI}", "load_1m", json_real(s->load[0]),
			 "load_5m", json_real(s->load[1]), "load_15m", json_real(s->load[2]),
			 "context_switches_total", (json_int_t)s->context_switches,
			 "interrupts_total", (json_int_t)s->interrupts, "forks_total",
			 (json_int_t)s->forks, "tasks_running", (json_int_t)s->running,
			 "tasks_blocked", (json_int_t)s->blocked, "boot_time_seconds",
			 (json_int_t)s->booted_s, "files_open", (json_int_t)s->files_open,
			 "files_limit", (json_int_t)s->files_limit);
}

static json_t *paging(const struct paging *p)
{
	if (!p->known)
		return json_null();
	return json_pack("{sI sI sI sI sI sI sI sI}", "faults_total", (json_int_t)p->faults,
			 "in_bytes_total", (json_int_t)p->in_bytes, "out_bytes_total",
			 (json_int_t)p->out_bytes, "swapped_in_bytes_total",
			 (json_int_t)p->swapped_in_bytes, "swapped_out_bytes_total",
			 (json_int_t)p->swapped_out_bytes, "scanned_kswapd_pages_total",
			 (json_int_t)p->scanned_kswapd, "scanned_direct_pages_total",
			 (json_int_t)p->scanned_direct, "reclaimed_pages_total",
			 (json_int_t)p->reclaimed);
}

static json_t *huge_pages(const struct huge_pages *h)
{
	if (!h->known)
		return json_null();
	return json_pack("{ss ss sI sI sI sI}", "enabled", h->enabled, "defrag", h->defrag,
			 "faults_total", (json_int_t)h->faults, "fallbacks_total",
			 (json_int_t)h->fallbacks, "collapses_total", (json_int_t)h->collapses,
			 "splits_total", (json_int_t)h->splits);
}

static json_t *same_pages(const struct same_pages *k)
{
	if (!k->known)
		return json_null();
	return json_pack("{sb sI sI sI sI sI}", "running", (int)k->running, "shared_pages",
			 (json_int_t)k->shared, "sharing_pages", (json_int_t)k->sharing,
			 "unshared_pages", (json_int_t)k->unshared, "volatile_pages",
			 (json_int_t)k->volatile_pages, "full_scans_total",
			 (json_int_t)k->full_scans);
}

static json_t *zram(const struct node_use *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->zram_count; i++) {
		const struct zram *z = &n->zram[i];

		json_array_append_new(
			list, json_pack("{ss sI sI sI sI sI sI}", "name", z->name, "stored_bytes",
					(json_int_t)z->stored_bytes, "compressed_bytes",
					(json_int_t)z->compressed_bytes, "used_bytes",
					(json_int_t)z->used_bytes, "limit_bytes",
					(json_int_t)z->limit_bytes, "failed_reads_total",
					(json_int_t)z->failed_reads, "failed_writes_total",
					(json_int_t)z->failed_writes));
	}
	return list;
}

static json_t *filesystems(const struct node_use *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->filesystem_count; i++) {
		const struct filesystem *f = &n->filesystems[i];

		json_array_append_new(
			list,
			json_pack("{so so ss sb sI sI sI sI sI}", "path", json_name(f->path),
				  "device", json_name(f->device), "type", f->type, "read_only",
				  (int)f->read_only, "size_bytes", (json_int_t)f->size_bytes,
				  "free_bytes", (json_int_t)f->free_bytes, "available_bytes",
				  (json_int_t)f->available_bytes, "inodes", (json_int_t)f->inodes,
				  "inodes_free", (json_int_t)f->inodes_free));
	}
	return list;
}

static json_t *busy(const struct snapshot *s)
{
	bool window = s->cpu_count && s->cpus[0].time.known;
	json_t *list = json_object();

	for (size_t i = 0; i < s->node.busy_count; i++) {
		const struct disk_busy *b = &s->node.busy[i];
		json_t *one = json_object();

		add(one, SECONDS, "busy_seconds", window ? &b->window_ns : NULL, b->ns);
		json_object_set_new(list, b->name, one);
	}
	return list;
}

static json_t *hierarchies(const struct snapshot *s)
{
	json_t *all = json_object();
	char text[8];

	for (int of = 0; of < _USE_MAX; of++) {
		snprintf(text, sizeof(text), "v%d", s->cgroup_version[of]);
		json_object_set_new(all, use_names[of],
				    s->cgroup_version[of] ? json_string(text) : json_null());
	}
	return all;
}

void json_files_node(json_t *root, const struct snapshot *s)
{
	const struct node_use *n = &s->node;

	json_object_set_new(root, "system", system_of(&n->system));
	json_object_set_new(root, "paging", paging(&n->paging));
	json_object_set_new(root, "huge_pages", huge_pages(&n->huge_pages));
	json_object_set_new(root, "ksm", same_pages(&n->same_pages));
	json_object_set_new(root, "zram", zram(n));
	json_object_set_new(root, "filesystems", filesystems(n));
	json_object_set_new(root, "block_devices", busy(s));
	json_object_set_new(root, "hierarchies", hierarchies(s));
	json_object_set_new(
		root, "not_read",
		json_pack("{sI sI sI sI sI sI}", "cgroups", (json_int_t)s->cgroups_unread,
			  "cgroup_files_refused", (json_int_t)s->cgroup_files_refused,
			  "filesystems", (json_int_t)n->filesystems_unread, "filesystems_refused",
			  (json_int_t)n->filesystems_refused, "block_devices",
			  (json_int_t)n->busy_unread, "zram", (json_int_t)n->zram_unread));
}

/* --- and back --- */

static bool read_number(enum kind kind, const json_t *from, uint64_t *ret)
{
	double n = json_number_value(from);

	if (kind == LIMIT && json_is_null(from)) {
		*ret = USE_NO_LIMIT;
		return true;
	}
	if (!json_is_number(from) || !(n >= 0))
		return false;
	if (kind == SECONDS) /* over 500 years is nonsense, and would not fit */
		*ret = n < 1.6e10 ? (uint64_t)(n * (double)NS_PER_SEC + 0.5) : 0;
	else
		*ret = json_is_integer(from) ? (uint64_t)json_integer_value(from) : 0;
	return true;
}

/* Is it known of the window? */
static bool read_one(enum kind kind, const json_t *from, const char *key, uint64_t *window,
		     uint64_t *total)
{
	char name[64];

	if (kind >= GAUGE) {
		read_number(kind, json_object_get(from, key), total);
		*window = *total;
		return false;
	}
	snprintf(name, sizeof(name), "%s_total", key);
	read_number(kind, json_object_get(from, name), total);
	return read_number(kind, json_object_get(from, key), window);
}

/* "v1:memory v2:cpu": which version names this part. */
static unsigned char version_in(const char *from, const char *part)
{
	const char *at = strstr(from, part);
	unsigned char version = 2;

	for (const char *c = from; at && c < at; c++)
		if (*c == 'v' && (c[1] == '1' || c[1] == '2') && c[2] == ':')
			version = (unsigned char)(c[1] - '0');
	return version;
}

static void read_pressure(struct cgroup_snapshot *c, const json_t *from)
{
	bool window = false;

	for (int of = 0; of < _PRESSURE_MAX; of++) {
		const json_t *one = json_object_get(from, pressure_names[of]);
		struct pressure *w = &c->use.pressure[of], *t = &c->use_total.pressure[of];

		w->known = t->known = json_is_object(one);
		window |= read_one(SECONDS, one, "some_seconds", &w->some_ns, &t->some_ns);
		read_one(SECONDS, one, "full_seconds", &w->full_ns, &t->full_ns);
	}
	if (window)
		c->use.version[USE_PRESSURE] = c->use_total.version[USE_PRESSURE];
}

void json_read_files_cgroup(struct cgroup_snapshot *c, const json_t *from)
{
	char text[USE_FROM_TEXT];

	json_text(from, "hierarchy", text, sizeof(text));
	for (int of = 0; of < _USE_MAX; of++)
		if (json_is_object(json_object_get(from, use_names[of])))
			c->use_total.version[of] = version_in(text, use_names[of]);
	for (size_t i = 0; i < COUNT(fields); i++) {
		const struct field *f = &fields[i];
		const json_t *part = json_object_get(from, use_names[f->of]);

		if (read_one(f->kind, part, f->key, (uint64_t *)((char *)&c->use + f->at),
			     (uint64_t *)((char *)&c->use_total + f->at)))
			c->use.version[f->of] = c->use_total.version[f->of];
	}
	read_pressure(c, json_object_get(from, use_names[USE_PRESSURE]));
}

void json_read_files_cpu(struct cpu_snapshot *c, const json_t *from)
{
	const json_t *time = json_object_get(from, "time");
	char key[32];

	c->time_total.known = json_is_object(time);
	for (int mode = 0; mode < _CPU_MODE_MAX; mode++) {
		snprintf(key, sizeof(key), "%s_seconds", cpu_mode_names[mode]);
		c->time.known |=
			read_one(SECONDS, time, key, &c->time.ns[mode], &c->time_total.ns[mode]);
	}
}

static uint64_t count_in(const json_t *parent, const char *key)
{
	uint64_t n = 0;

	read_number(GAUGE, json_object_get(parent, key), &n);
	return n;
}

static void read_filesystems(struct node_use *n, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one) {
		struct filesystem *f = &n->filesystems[i];

		if (i == FILESYSTEMS_MAX)
			break;
		json_text(one, "path", f->path, sizeof(f->path));
		json_text(one, "device", f->device, sizeof(f->device));
		json_text(one, "type", f->type, sizeof(f->type));
		f->read_only = json_is_true(json_object_get(one, "read_only"));
		f->size_bytes = count_in(one, "size_bytes");
		f->free_bytes = count_in(one, "free_bytes");
		f->available_bytes = count_in(one, "available_bytes");
		f->inodes = count_in(one, "inodes");
		f->inodes_free = count_in(one, "inodes_free");
		n->filesystem_count = i + 1;
	}
}

void json_read_files_node(struct snapshot *s, const json_t *root)
{
	const json_t *of = json_object_get(root, "system");
	const json_t *not_read = json_object_get(root, "not_read");
	struct system_use *y = &s->node.system;

	y->known = json_is_object(of);
	y->load[0] = json_number_value(json_object_get(of, "load_1m"));
	y->load[1] = json_number_value(json_object_get(of, "load_5m"));
	y->load[2] = json_number_value(json_object_get(of, "load_15m"));
	y->context_switches = count_in(of, "context_switches_total");
	y->running = count_in(of, "tasks_running");
	y->blocked = count_in(of, "tasks_blocked");
	s->cgroups_unread = count_in(not_read, "cgroups");
	s->cgroup_files_refused = count_in(not_read, "cgroup_files_refused");
	for (int i = 0; i < _USE_MAX; i++) {
		const char *version = json_string_value(
			json_object_get(json_object_get(root, "hierarchies"), use_names[i]));

		s->cgroup_version[i] = !version ? 0 : strcmp(version, "v1") ? 2 : 1;
	}
	read_filesystems(&s->node, json_object_get(root, "filesystems"));
}
