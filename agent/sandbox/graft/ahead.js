// SPDX-License-Identifier: Apache-2.0
// ahead: a node that is started before its job is known, with library.c in it.  It runs one
// job, as `node FILE` would run it: as a CommonJS main module, with all else as if started so.
'use strict';
{
	const fs = require('fs');
	const path = require('path');
	const Module = require('module');
	const REFUSED = 125;

	function readPack() {
		const size = fs.fstatSync(3).size; // none: a socket, and one message
		const pack = Buffer.alloc(size || 65536);
		let at = fs.readSync(3, pack, 0, pack.length, null);
		while (at < size) {
			const n = fs.readSync(3, pack, at, size - at, null);
			if (!n)
				throw new Error('it ends early');
			at += n;
		}
		fs.closeSync(3);
		return pack.subarray(0, at);
	}

	function *records(pack) {
		for (let at = 0; at < pack.length;) {
			if (at + 5 > pack.length || at + 5 + pack.readUInt32LE(at + 1) > pack.length)
				throw new Error('it ends early');
			const end = at + 5 + pack.readUInt32LE(at + 1);
			yield [String.fromCharCode(pack[at]), pack.subarray(at + 5, end)];
			at = end;
		}
	}

	function pathOf(bytes) {
		const name = bytes.toString();
		if (!name || name[0] === '/' || name.includes('\0') || name.split('/').includes('..'))
			throw new Error(`${JSON.stringify(name)} is no file below the working folder`);
		return name;
	}

	function write(name, content, mode) {
		const folder = path.dirname(name);
		if (folder !== '.')
			fs.mkdirSync(folder, { recursive: true });
		fs.writeFileSync(name, content, { mode });
	}

	function setVariable(job, bytes) {
		const text = bytes.toString();
		const equals = text.indexOf('=');
		if (equals < 1 || text.includes('\0'))
			throw new Error('a variable has no name, no value or a zero byte');
		job.environment.push([text.slice(0, equals), text.slice(equals + 1)]);
	}

	const take = {
		a: (job, bytes) => job.words.push(bytes.toString()),
		e: setVariable,
		n: (job, bytes) => job.name = pathOf(bytes),
		c: (job, bytes) => job.code = bytes,
		f: (job, bytes) => job.file = { name: pathOf(bytes), mode: 0o644 },
		x: (job) => job.file.mode = 0o755,
		b: (job, bytes) => {
			write(job.file.name, bytes, job.file.mode);
			job.file = null;
		},
	};

	function unpack(pack) {
		const job = { words: [], environment: [], name: null, code: null, file: null };
		for (const [kind, bytes] of records(pack)) {
			if (!Object.hasOwn(take, kind) || ('xb'.includes(kind) && !job.file))
				throw new Error(`a record ${JSON.stringify(kind)} does not belong there`);
			take[kind](job, bytes);
		}
		if (job.file || !job.name || !job.code || !job.words.length)
			throw new Error(job.file ? 'a file without content' : 'no code, or no name for it');
		write(job.name, job.code, 0o644);
		return job;
	}

	function takeJob() {
		const job = unpack(readPack());
		const main = path.resolve(job.name);
		for (const key of Object.keys(process.env))
			delete process.env[key];
		for (const [key, value] of job.environment)
			process.env[key] = value;
		process.argv.splice(1, Infinity, main, ...job.words.slice(1));
		process.execArgv = [];
		return main;
	}

	// What nearly every program needs first: it is loaded and gone through once.
	function warm() {
		require('tty');
		new (require('net').Socket)().destroy();
		require('util').format('%s', 1, { a: [1] });
		new Module('/warm.js')._compile('exports.a = 1;', '/warm.js');
	}

	warm();
	fs.fsyncSync(3);
	let main;
	try {
		main = takeJob();
	} catch (error) {
		fs.writeSync(2, `fairlead: the job cannot be read: ${error.message}\n`);
		process.reallyExit(REFUSED);
	}
	delete Module._cache[__filename];
	Module.runMain(main);
}
