import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal } from "node:assert/strict";
import { Bus } from "../../ffi/dbus/bus.ts";
import { busCall } from "../../ffi/dbus/connection.ts";
import { DbusError, type DbusErrorCode } from "../../ffi/dbus/error.ts";
import { busAddress } from "../../ffi/dbus/opening.ts";
import { type Outgoing, signatureOf, text, textMap, variantMap } from "../../ffi/dbus/value.ts";
import { BackgroundProcess } from "../support/background.ts";
import { until } from "../support/deadline.ts";
import { baseEnv } from "../support/process.ts";
import { makeTempDir, type TempDir } from "../support/temp.ts";

const NO_SUCH = { service: "org.example.None", path: "/", interface: "org.example.None", method: "Do", args: [] };

/** A session bus without services. */
async function startBus(dir: TempDir): Promise<{ readonly process: BackgroundProcess; readonly socketPath: string }> {
  const socketPath = dir.join("bus with, odd;name");
  const address = `--address=${busAddress(socketPath)}`;
  const process = new BackgroundProcess(["dbus-daemon", "--session", "--nofork", "--nopidfile", address], {
    env: baseEnv(dir.path),
  });
  await process.waitForSocket(socketPath);
  return { process, socketPath };
}

function failsWith(code: DbusErrorCode, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof DbusError, String(error));
    equal(error.code, code);
    match(`${error.message} ${error.errorName}`, pattern);
    return true;
  };
}

Deno.test("Bus.call() gets answers of every shape from a real bus", async () => {
  using dir = makeTempDir("bus");
  const { process, socketPath } = await startBus(dir);
  await using _process = process;
  await using bus = new Bus({ socketPath });
  const [id] = await bus.call(busCall("GetId"));
  match(String(id), /^[0-9a-f]{32}$/);
  const [names] = await bus.call(busCall("ListNames"));
  ok(Array.isArray(names));
  const own = String(names.find((name) => String(name).startsWith(":")));
  const [pid] = await bus.call(busCall("GetConnectionUnixProcessID", own));
  equal(pid, Deno.pid);
  const [credentials] = await bus.call(busCall("GetConnectionCredentials", own));
  ok(credentials instanceof Map);
  equal(credentials.get("ProcessID"), Deno.pid);
  equal(credentials.get("UnixUserID"), Deno.uid());
  deepEqual(await bus.call(busCall("NameHasOwner", "org.example.None")), [false]);
  const environment = { ...busCall("UpdateActivationEnvironment"), args: [textMap([["A", "ä\u{1F511}"], ["B", ""]])] };
  deepEqual(await bus.call(environment), []);
});

Deno.test("Bus.call() keeps answers and callers together", async () => {
  using dir = makeTempDir("bus");
  const { process, socketPath } = await startBus(dir);
  await using _process = process;
  await using bus = new Bus({ socketPath });
  const many = Array.from({ length: 300 }, (_, index) => index);
  const answers = await Promise.all(many.map(async (index) => {
    if (index % 2 === 0) return (await bus.call(busCall("NameHasOwner", "org.freedesktop.DBus")))[0];
    return await bus.call(busCall("GetNameOwner", `org.example.N${index}`)).catch((error) => error.text);
  }));
  for (const [index, answer] of answers.entries()) {
    if (index % 2 === 0) equal(answer, true);
    else match(String(answer), new RegExp(`'org.example.N${index}'`));
  }
});

Deno.test("Bus.call() tells what the other side answers with an error, and survives misuse that libdbus would abort for", async () => {
  using dir = makeTempDir("bus");
  const { process, socketPath } = await startBus(dir);
  await using _process = process;
  await using bus = new Bus({ socketPath });
  await rejects(bus.call(NO_SUCH), failsWith("refused", /org\.freedesktop\.DBus\.Error\.ServiceUnknown/));
  await rejects(bus.call({ ...NO_SUCH, interface: "not a name" }), failsWith("argument", /not a valid name/));
  await rejects(bus.call({ ...NO_SUCH, args: [text("a\0b")] }), failsWith("argument", /NUL/));
  match(String(await bus.call(busCall("GetId"))), /^[0-9a-f]{32}$/);
});

Deno.test("Bus.call() gives up when told to, and the bus when it ends; afterwards it connects again", async () => {
  using dir = makeTempDir("bus");
  const first = await startBus(dir);
  await using _first = first.process;
  await using bus = new Bus({ socketPath: first.socketPath });
  await bus.call(busCall("GetId"));
  await rejects(bus.call(busCall("GetId"), AbortSignal.abort()), failsWith("aborted", /Nobody waits/));
  // Nobody answers a call of ourselves.
  const [names] = await bus.call(busCall("ListNames"));
  const own = String(Array.isArray(names) ? names.find((name) => String(name).startsWith(":")) : "");
  const controller = new AbortController();
  const given = bus.call({ ...NO_SUCH, service: own }, controller.signal);
  const left = rejects(bus.call({ ...NO_SUCH, service: own }), failsWith("lost", /ended before/));
  await bus.call(busCall("GetId"));
  controller.abort();
  await rejects(given, failsWith("aborted", /Nobody waits/));
  await first.process.stop();
  await left;
  await rejects(bus.call(busCall("GetId")), failsWith("connect", /(FileNotFound|NoServer)/));
  const { process } = await startBus(dir);
  await using _process = process;
  const id = await until(() => bus.call(busCall("GetId")).catch(() => undefined), 5_000, "the bus again");
  match(String(id), /^[0-9a-f]{32}$/);
});

Deno.test("Bus.call() says that there is no bus, at once, and again without trying", async () => {
  using dir = makeTempDir("bus");
  await using bus = new Bus({ socketPath: dir.join("none") });
  const first = await bus.call(busCall("GetId")).catch((error) => error);
  ok(failsWith("connect", /No such file.*FileNotFound/)(first));
  equal(await bus.call(busCall("GetId")).catch((error) => error), first);
});

Deno.test("Bus.call() says that nobody listens at a stale socket", async () => {
  using dir = makeTempDir("bus");
  const { process, socketPath } = await startBus(dir);
  await using _process = process;
  process.kill("SIGKILL"); // it cannot tidy up
  await process.ended();
  await using bus = new Bus({ socketPath });
  await rejects(bus.call(busCall("GetId")), failsWith("connect", /NoServer/));
});

Deno.test("Bus.call() does not wait for a bus that accepts and is silent", async () => {
  using dir = makeTempDir("bus");
  using listener = Deno.listen({ transport: "unix", path: dir.join("silent") });
  const accepted = listener.accept();
  await using bus = new Bus({ socketPath: dir.join("silent"), connectDeadlineMs: 50 });
  await rejects(bus.call(busCall("GetId")), failsWith("connect", /no answer within 50 ms/));
  (await accepted).close();
});

Deno.test("Bus.call() says that libdbus is not there", async () => {
  await using bus = new Bus({ socketPath: "/nonexistent", libraryName: "libdbus-0.so.0" });
  await rejects(bus.call(busCall("GetId")), failsWith("no-library", /libdbus-0\.so\.0/));
});

const SIGNATURES: readonly { readonly value: Outgoing; readonly signature: string }[] = [
  { value: text("a"), signature: "s" },
  { value: textMap([]), signature: "a{ss}" },
  { value: variantMap([["pid", { type: "u", value: 1 }]]), signature: "a{sv}" },
  {
    value: { type: "struct", fields: [text("unix-process"), variantMap([])] },
    signature: "(sa{sv})",
  },
];
for (const { value, signature } of SIGNATURES) {
  Deno.test(`signatureOf() gives ${signature}`, () => equal(signatureOf(value), signature));
}

Deno.test("busAddress() escapes what an address is made of", () => {
  equal(busAddress("/run/a,b;c=d%ä"), "unix:path=/run/a%2cb%3bc%3dd%25%c3%a4");
});
