// SPDX-License-Identifier: Apache-2.0
// Ahead: a Java machine that is started before its job is known, with library.c in it.  It
// compiles one job's source in memory and runs it as `java FILE` would.  It is started by
// `java --source`, which compiles it each time, or once so with a folder as its only word: then
// ahead.jar and, where java can make it, ahead.jsa are left there, and starts are three times
// cheaper from these.

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

public class Ahead {
	static final int REFUSED = 125;
	static final int WARM = 4; // each makes the first job a little faster, and the start slower
	static final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
	static final StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8);

	static class Job {
		final List<String> words = new ArrayList<>();
		String name;
		byte[] code;
	}

	static class Source extends SimpleJavaFileObject {
		final String text;

		Source(URI uri, String text) {
			super(uri, Kind.SOURCE);
			this.text = text;
		}

		@Override
		public CharSequence getCharContent(boolean ignored) {
			return text;
		}

		// What its messages call it: as it was given, as `java FILE` says it.
		@Override
		public String getName() {
			return uri.getPath().substring(1);
		}

		// A public class may be in a file of any name then.
		@Override
		public boolean isNameCompatible(String simple, Kind kind) {
			return kind == Kind.SOURCE;
		}
	}

	static class Compiled extends SimpleJavaFileObject {
		final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		Compiled(String name) {
			super(URI.create("memory:///" + name.replace('.', '/') + ".class"), Kind.CLASS);
		}

		@Override
		public OutputStream openOutputStream() {
			return bytes;
		}
	}

	// Takes what the compiler makes, in the order of the source.
	static class Kept extends ForwardingJavaFileManager<JavaFileManager> {
		final Map<String, Compiled> classes = new LinkedHashMap<>();

		Kept() {
			super(files);
		}

		@Override
		public JavaFileObject getJavaFileForOutput(Location where, String name, JavaFileObject.Kind kind, FileObject sibling) {
			return classes.computeIfAbsent(name, Compiled::new);
		}
	}

	static class Loader extends URLClassLoader {
		final Map<String, Compiled> classes;

		Loader(Map<String, Compiled> classes, URL[] folder) {
			super(folder, ClassLoader.getSystemClassLoader());
			this.classes = classes;
		}

		@Override
		protected Class<?> findClass(String name) throws ClassNotFoundException {
			Compiled made = classes.get(name);
			if (made == null)
				return super.findClass(name);
			byte[] bytes = made.bytes.toByteArray();
			return defineClass(name, bytes, 0, bytes.length);
		}
	}

	static IOException bad(String why) {
		return new IOException(why);
	}

	static byte[] readPack(FileDescriptor where) throws IOException {
		try (FileInputStream from = new FileInputStream(where)) {
			if (from.getChannel().size() > 0)
				return from.readAllBytes();
			byte[] message = new byte[65536]; // a socket's, and one
			return Arrays.copyOf(message, Math.max(from.read(message), 0));
		}
	}

	static Path pathOf(String name) throws IOException {
		if (name.isEmpty() || name.startsWith("/") || name.indexOf('\0') >= 0 || Arrays.asList(name.split("/")).contains(".."))
			throw bad("'" + name + "' is no file below the working folder");
		return Paths.get(name);
	}

	static void write(String name, byte[] content, boolean executable) throws IOException {
		Path path = pathOf(name);
		if (path.getParent() != null)
			Files.createDirectories(path.getParent());
		Files.write(path, content);
		if (executable)
			Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
	}

	static Job unpack(byte[] pack) throws IOException {
		Job job = new Job();
		String file = null;
		boolean executable = false;
		int at = 0;
		while (at < pack.length) {
			long size = pack.length - at < 5 ? -1 : (pack[at + 1] & 255) | (pack[at + 2] & 255) << 8 | (pack[at + 3] & 255) << 16 | (pack[at + 4] & 255L) << 24;
			if (size < 0 || size > pack.length - at - 5)
				throw bad("it ends early");
			char kind = (char) pack[at];
			byte[] value = Arrays.copyOfRange(pack, at + 5, at + 5 + (int) size);
			String text = kind == 'b' || kind == 'c' ? null : new String(value, StandardCharsets.UTF_8);
			at += 5 + (int) size;
			if (kind == 'a') {
				job.words.add(text);
			} else if (kind == 'n') {
				pathOf(job.name = text);
			} else if (kind == 'c') {
				job.code = value;
			} else if (kind == 'f') {
				file = text;
				executable = false;
			} else if (kind == 'x' && file != null) {
				executable = true;
			} else if (kind == 'b' && file != null) {
				write(file, value, executable);
				file = null;
			} else if (kind != 'e') { // the library has set it
				throw bad("a record '" + kind + "' does not belong there");
			}
		}
		if (file != null || job.name == null || job.code == null || job.words.isEmpty())
			throw bad(file != null ? "a file without content" : "no code, or no name for it");
		write(job.name, job.code, false);
		return job;
	}

	// No classes: the compiler has said why not.
	static Map<String, Compiled> compile(String name, String text) throws IOException {
		Kept kept = new Kept();
		URI uri;
		try {
			uri = new URI("memory", null, "/" + name, null);
		} catch (URISyntaxException error) {
			throw bad(error.getMessage());
		}
		List<String> options = List.of("-proc:none", "-Xdiags:verbose", "-Xlint:deprecation", "-Xlint:unchecked", "-Xlint:-options");
		boolean done = compiler.getTask(null, kept, null, options, null, List.of(new Source(uri, text))).call();
		return done ? kept.classes : Map.of();
	}

	static Class<?> load(Map<String, Compiled> classes) throws ReflectiveOperationException, IOException {
		URL[] folder = { Paths.get("").toUri().toURL() };
		Loader loader = new Loader(classes, folder);
		Thread.currentThread().setContextClassLoader(loader);
		String first = null;
		for (String one : classes.keySet())
			if (first == null || one.indexOf('$') < 0 && first.indexOf('$') >= 0)
				first = one;
		return Class.forName(first, true, loader);
	}

	static Method mainOf(Class<?> program) throws IOException {
		String problem = "'main' method not found in class: " + program.getName();
		try {
			Method main = program.getDeclaredMethod("main", String[].class);
			int need = Modifier.PUBLIC | Modifier.STATIC;
			if ((main.getModifiers() & need) == need && main.getReturnType() == void.class) {
				main.setAccessible(true);
				return main;
			}
			problem = "'main' method is not declared 'public static' with a return type of 'void'";
		} catch (NoSuchMethodException none) {
		}
		throw bad(problem);
	}

	// Its frames, less those that called main.
	static void tell(Throwable error) {
		StackTraceElement[] trace = error.getStackTrace();
		int end = 0;
		while (end < trace.length && !trace[end].getClassName().equals("Ahead"))
			end++;
		while (end > 0 && end < trace.length && trace[end - 1].getClassName().matches("(java\\.lang|jdk\\.internal)\\.reflect\\..*"))
			end--;
		error.setStackTrace(Arrays.copyOf(trace, end));
		System.err.print("Exception in thread \"main\" ");
		error.printStackTrace();
		System.err.flush();
	}

	static void run(String name, byte[] code, String[] words) throws Exception {
		Map<String, Compiled> classes = compile(name, new String(code, StandardCharsets.UTF_8));
		if (classes.isEmpty())
			throw bad("compilation failed");
		Method main = mainOf(load(classes));
		try {
			main.invoke(null, (Object) words);
		} catch (InvocationTargetException thrown) {
			tell(thrown.getCause());
			System.exit(1);
		}
	}

	static Job takeJob(FileDescriptor socket) throws Exception {
		try {
			socket.sync();
			return unpack(readPack(socket));
		} catch (IOException error) {
			System.err.println("fairlead: the job cannot be read: " + error.getMessage());
			System.exit(REFUSED);
			throw error;
		}
	}

	static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
		Constructor<FileDescriptor> made = FileDescriptor.class.getDeclaredConstructor(int.class);
		made.setAccessible(true);
		return made.newInstance(number);
	}

	static void warm() throws Exception {
		String text = "import java.util.*; public class Warm { static List<String> l = new ArrayList<>();"
			+ " public static void main(String[] w) { for (String s : w) l.add(s + 1); System.out.print(\"\"); } }";
		for (int i = 0; i < WARM; i++)
			run("Warm.java", text.getBytes(), new String[] { "a" });
	}

	static void writeJar(Path jar, Map<String, Compiled> classes) throws IOException {
		try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
			for (Map.Entry<String, Compiled> one : classes.entrySet()) {
				out.putNextEntry(new ZipEntry(one.getKey() + ".class"));
				one.getValue().bytes.writeTo(out);
				out.closeEntry();
			}
		}
	}

	// The archive is made by a java that has gone through what the later ones will.
	static void install(String folder) throws Exception {
		Path jar = Paths.get(folder, "ahead.jar");
		writeJar(jar, compile("Ahead.java", Files.readString(Paths.get("/proc/self/fd/5"))));
		List<String> words = List.of(System.getProperty("java.home") + "/bin/java", "-XX:+IgnoreUnrecognizedVMOptions",
			"-XX:ArchiveClassesAtExit=" + folder + "/ahead.jsa", "--add-opens=java.base/java.io=ALL-UNNAMED",
			"-cp", jar.toString(), "Ahead", "warm");
		System.exit(new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(Redirect.DISCARD).start().waitFor());
	}

	public static void main(String[] words) throws Exception {
		if (words.length == 1 && !words[0].equals("warm"))
			install(words[0]);
		warm();
		if (words.length == 1)
			return;
		Job job = takeJob(descriptor(3));
		try {
			run(job.name, job.code, job.words.subList(1, job.words.size()).toArray(new String[0]));
		} catch (IOException error) {
			System.err.println("error: " + error.getMessage());
			System.exit(1);
		}
	}
}
