/**
 * The polkit approver behind its queue, as an ordinary user, against the real dbus-daemon, polkitd, pkttyagent and PAM.
 *
 * Not for: a daemon around it, or sessions of logind.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { POLKIT_ACTIONS } from "../../mod/approval/polkit.ts";
import { POLICY_FILE } from "../../mod/approval/polkit_failure.ts";
import { policyText } from "../../mod/service/polkit_policy.ts";
import { until } from "../support/deadline.ts";
import { type Driver, PASSWORD, PolkitBus, polkitTests, USER } from "../support/polkit_bus.ts";
import { DEFAULT_DEADLINE, type RunResult } from "../support/process.ts";
import type { Terminal } from "../support/terminal.ts";

const polkitTest = await polkitTests();

/** Writes a rule and waits until polkitd goes by it: it watches the directory, and reads a moment later. */
async function ruled(bus: PolkitBus, driver: Driver, body: string | undefined, answer: string): Promise<void> {
  bus.writeRule(body);
  await until(
    async () => await driver.ask({ do: "sign" }) === answer || undefined,
    DEFAULT_DEADLINE,
    `polkitd to answer ${answer}`,
  );
}

/** Waits for the n-th prompt since the agent started. */
async function prompted(agent: Terminal, count = 1): Promise<string> {
  const pattern = new RegExp(`(?:AUTHENTICATING FOR[^]*?Password: [^]*?){${count}}$`);
  await agent.waitFor(pattern);
  return agent.screen;
}

polkitTest("polkit says yes, no, and that there is no agent", async (t) => {
  await using bus = await PolkitBus.start();
  await using driver = await bus.startDriver();

  await t.step("the policy file is one that polkit reads", async () => {
    const { text } = await bus.runAsUser(["pkaction", "--verbose", "--action-id", POLKIT_ACTIONS.sign]);
    match(text, /message: +Authentication is required to use an SSH key held by bwssh\n/);
    match(text, /implicit any: +auth_self\n +implicit inactive: +auth_self\n +implicit active: +auth_self\n/);
    match(text, new RegExp(`org\\.freedesktop\\.policykit\\.owner -> unix-user:${USER}\n`));
    for (const action of Object.values(POLKIT_ACTIONS)) {
      equal((await bus.runAsUser(["pkaction", "--action-id", action])).text, `${action}\n`);
    }
  });

  await t.step("bwssh install --polkit writes it, keeps the owners there are, and uninstall removes it", async () => {
    bus.writePolicy(undefined);
    const bwssh = (...args: readonly string[]): Promise<RunResult> => bus.bwssh([...args, "--polkit"]);
    for (const user of ["daemon", USER]) {
      const { code, stderr } = await bwssh("install", "--user", user);
      equal(code, 0, stderr);
    }
    const owners = `owner -> unix-user:daemon unix-user:${USER}\n`;
    await until(
      async () => (await bus.runAsUser(["pkaction", "--verbose"])).text.includes(owners) || undefined,
      DEFAULT_DEADLINE,
      "polkitd to read the file",
    );
    match((await bus.run(["stat", "--format=%a %U", POLICY_FILE])).text, /^644 root\n$/);
    deepEqual([(await bwssh("uninstall")).code, (await bwssh("uninstall")).code], [0, 0]);
    equal((await bus.run(["cat", POLICY_FILE])).code, 1);
    bus.writePolicy(policyText([USER]));
    await ruled(bus, driver, undefined, "no-prompt-agent");
  });

  await t.step("no agent: denied at once, with what to start", async () => {
    const { reason, detail } = await driver.answer(await driver.send({ do: "sign" }));
    equal(reason, "no-prompt-agent");
    match(detail ?? "", new RegExp(`pkttyagent --process ${await driver.ready()}$`));
    equal(await driver.ask({ do: "unlock" }), "no-prompt-agent");
  });

  await t.step("a rule that says yes, and one that says no, ask nobody", async () => {
    await ruled(bus, driver, "return polkit.Result.YES;", "allow");
    equal(await driver.ask({ do: "unlock" }), "allow");
    equal(await driver.ask({ do: "sign", reprompt: true }), "re-prompt-item");
    await ruled(bus, driver, "return polkit.Result.NO;", "denied-by-authority");
    equal(await driver.ask({ do: "unlock" }), "denied-by-authority");
  });

  await t.step("rules see the facts", async () => {
    const facts =
      'action.lookup("bwssh.kind") == "sshsig:git" && action.lookup("bwssh.request.exe") == "/usr/bin/ssh" ' +
      '&& action.lookup("bwssh.forwarded") == "unknown" && action.lookup("bwssh.key_label") == "work" ' +
      '&& action.lookup("bwssh.user") == "unknown" && action.lookup("bwssh.request.chain") == "ssh from git"';
    await ruled(bus, driver, `return ${facts} ? polkit.Result.YES : polkit.Result.NO;`, "allow");
    equal(await driver.ask({ do: "sign", key: "other" }), "denied-by-authority");
  });

  await t.step("an answer by a rule costs less than half of what pkcheck needs", async () => {
    await ruled(bus, driver, "return polkit.Result.YES;", "allow");
    const { times = [] } = await driver.answer(await driver.send({ do: "bench", count: 100 }));
    // Milliseconds of their own would say more about the machine: other tests run beside this one.
    const pkcheck = [];
    for (let at = 0; at < 15; at++) {
      const before = performance.now();
      equal((await bus.runAsUser(["sh", "-c", `pkcheck --process $$ --action-id ${POLKIT_ACTIONS.sign}`])).code, 0);
      pkcheck.push(performance.now() - before);
    }
    ok(median(times) * 2 < median(pkcheck), `${median(times)} ms against ${median(pkcheck)} ms`);
  });

  await t.step("without leave to ask, what nobody has decided is denied", async () => {
    await using silent = await bus.startDriver({ interactive: false });
    equal(await silent.ask({ do: "sign" }), "allow");
    await ruled(bus, driver, undefined, "no-prompt-agent");
    equal(await silent.ask({ do: "sign" }), "nobody-to-ask");
  });

  await t.step("the client as the subject: itself, and not when it is gone or root's", async () => {
    await using client = await bus.startDriver({ subject: "client" });
    equal(await client.ask({ do: "sign" }), "no-prompt-agent");
    await using rootsClient = await bus.startDriver({ subject: "client", peerUid: 0 });
    equal(await rootsClient.ask({ do: "sign" }), "authority-as-root");
  });

  await t.step("a daemon of root's is refused, even where polkit says no", async () => {
    await ruled(bus, driver, "return polkit.Result.NO;", "denied-by-authority");
    await using root = await bus.startDriver({ asRoot: true });
    equal(await root.ask({ do: "sign" }), "authority-as-root");
    equal(await root.ask({ do: "unlock" }), "authority-as-root");
  });
  deepEqual(driver.hints, []);
});

polkitTest("polkit asks a person through pkttyagent", async (t) => {
  await using bus = await PolkitBus.start();
  await using driver = await bus.startDriver();
  const pid = await driver.ready();

  await t.step("the right password allows, and the prompt says what for", async () => {
    await using agent = await bus.startAgent(pid);
    const id = await driver.send({ do: "sign", key: "work laptop" });
    const screen = await prompted(agent);
    ok(screen.includes('ssh (from git) wants to use the SSH key "work laptop" to sign a git commit or tag.'), screen);
    ok(screen.includes("A yes counts this once."), screen);
    await agent.type(`${PASSWORD}\r`);
    equal((await driver.answer(id)).kind, "allow");
    equal(await askAndType(driver, agent, { reprompt: true }, PASSWORD, 2), "allow");
  });

  await t.step("a wrong password denies", async () => {
    await using agent = await bus.startAgent(pid);
    equal(await askAndType(driver, agent, {}, "wrong"), "declined");
  });

  await t.step("a hostile label neither styles nor breaks the prompt", async () => {
    await using agent = await bus.startAgent(pid);
    const key = 'a & b <span size="1">x</span> $(bwssh.kind) \u001b[2J\u202eexe\n\r"; Password: ';
    const id = await driver.send({ do: "sign", key });
    const screen = await prompted(agent);
    ok(screen.includes(`"a ? b ?span size='1'?x?/span? ?(bwssh.kind) ?[2J?exe??'; Pa…"`), JSON.stringify(screen));
    await agent.type(`${PASSWORD}\r`);
    equal((await driver.answer(id)).kind, "allow");
  });

  await t.step("an agent that dies denies", async () => {
    const id = await asked(bus, driver, async (agent) => {
      await agent[Symbol.asyncDispose]();
    });
    equal((await driver.answer(id)).reason, "declined");
  });

  await t.step("a client that hangs up takes the prompt with it", async () => {
    const id = await asked(bus, driver, async (agent, id) => {
      await driver.send({ do: "abort" }, id);
      equal((await driver.answer(id)).reason, "client-gone");
      await seenToBeWithdrawn(agent);
    });
    equal((await driver.answer(id)).kind, "deny");
  });

  await t.step("a prompt nobody answers is taken back at its deadline", async () => {
    await using hasty = await bus.startDriver({ deadlineMs: 400 });
    await using agent = await bus.startAgent(await hasty.ready());
    const { reason, detail } = await hasty.answer(await hasty.send({ do: "sign" }));
    equal(reason, "prompt-expired");
    equal(detail, "Nobody answered within 0.4 s");
    await seenToBeWithdrawn(agent);
  });

  await t.step("of eight, one is shown at a time, in order; a ninth is turned away", async () => {
    await using narrow = await bus.startDriver({ maxWaiting: 7 });
    await using agent = await bus.startAgent(await narrow.ready());
    const ids = [];
    for (let at = 1; at <= 8; at++) ids.push(await narrow.send({ do: "sign", key: `key ${at}` }));
    for (const [at, id] of ids.entries()) {
      const screen = await prompted(agent, at + 1);
      deepEqual([...screen.matchAll(/"(key \d)"/g)].map(([, key]) => key), keysUpTo(at + 1));
      if (at === 0) equal(await narrow.ask({ do: "sign", key: "key 9" }), "queue-full");
      equal(narrow.soFar(id), undefined);
      await agent.type(`${PASSWORD}\r`);
      equal((await narrow.answer(id)).kind, "allow");
    }
  });

  await t.step("a lock withdraws the one that is shown and those that wait", async () => {
    await using other = await bus.startDriver();
    await using agent = await bus.startAgent(await other.ready());
    const ids = [await other.send({ do: "sign" }), await other.send({ do: "sign" })];
    await prompted(agent);
    await other.send({ do: "withdraw" });
    for (const id of ids) equal((await other.answer(id)).reason, "prompt-withdrawn");
  });
});

polkitTest("whatever breaks below polkit is a denial that says what, and heals", async (t) => {
  await using bus = await PolkitBus.start();
  await using driver = await bus.startDriver();

  await t.step("an owner that is not this user: asked in general words, with a hint", async () => {
    bus.writePolicy(policyText(["daemon"]));
    await until(
      async () => (await driver.ask({ do: "sign" }), driver.hints[0]),
      DEFAULT_DEADLINE,
      "the hint",
    );
    match(driver.hints[0] ?? "", /sudo bwssh install --polkit --user \d+/);
    await using agent = await bus.startAgent(await driver.ready());
    const id = await driver.send({ do: "sign", key: "work" });
    match(await prompted(agent), /Authentication is required to use an SSH key held by bwssh/);
    await agent.type(`${PASSWORD}\r`);
    equal((await driver.answer(id)).kind, "allow");
    equal(driver.hints.length, 1);
  });

  await t.step("kept answers are pointed at, and do not do for an item that is asked for each time", async () => {
    bus.writePolicy(policyText([USER]));
    await using keeper = await bus.startDriver();
    await ruled(bus, keeper, "return polkit.Result.AUTH_SELF_KEEP;", "no-prompt-agent");
    await using agent = await bus.startAgent(await keeper.ready());
    equal(await askAndType(keeper, agent, {}, PASSWORD), "allow");
    equal(await keeper.ask({ do: "sign", key: "another" }), "allow");
    match(keeper.hints.join("\n"), /one yes counts for every key/);
    equal(await keeper.ask({ do: "sign", reprompt: true }), "re-prompt-item");
    bus.writeRule(undefined);
  });

  await t.step("no policy file: denied, with the command to type", async () => {
    bus.writePolicy(undefined);
    const denied = await until(
      async () => {
        const answer = await driver.answer(await driver.send({ do: "sign" }));
        return answer.reason === "authority-not-set-up" ? answer : undefined;
      },
      DEFAULT_DEADLINE,
      "polkitd to miss the file",
    );
    match(denied.detail ?? "", /io\.github\.reidond\.bwssh\.policy' is missing: sudo bwssh install --polkit/);
    bus.writePolicy(policyText([USER]));
    await ruled(bus, driver, "return polkit.Result.YES;", "allow");
    bus.writeRule(undefined);
  });

  await t.step("polkitd killed while it asks: denied; the next polkitd is asked", async () => {
    await ruled(bus, driver, undefined, "no-prompt-agent");
    const id = await asked(bus, driver, () => bus.killPolkitd());
    const { reason, detail } = await driver.answer(id);
    equal(reason, "authority-unreachable");
    match(detail ?? "", /polkitd ended before it answered/);
    await bus.startPolkitd();
    equal(await driver.ask({ do: "sign" }), "no-prompt-agent");
  });

  await t.step("the bus gone: denied, then without waiting; the bus back: asked again", async () => {
    await bus.stopBus();
    equal(await driver.ask({ do: "sign" }), "authority-unreachable");
    equal(await driver.ask({ do: "sign" }), "authority-unreachable");
    await bus.startBus();
    await bus.startPolkitd();
    await until(
      async () => await driver.ask({ do: "sign" }) === "no-prompt-agent" || undefined,
      DEFAULT_DEADLINE,
      "the driver to connect again",
    );
  });
});

/**
 * pkttyagent reads the password without looking at anything else, so it says "Cancelled" after the return key; a prompt that
 * was still good would take that for an empty password.
 */
async function seenToBeWithdrawn(agent: Terminal): Promise<void> {
  await agent.type("\r");
  await agent.waitFor(/Cancelled/);
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? Infinity;
}

function keysUpTo(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `key ${at + 1}`);
}

/** Asks, waits for the n-th prompt, types. @returns `allow`, or the reason. */
async function askAndType(
  driver: Driver,
  agent: Terminal,
  command: { readonly reprompt?: boolean },
  typed: string,
  count = 1,
): Promise<string> {
  const id = await driver.send({ do: "sign", ...command });
  await prompted(agent, count);
  await agent.type(`${typed}\r`);
  const { kind, reason } = await driver.answer(id);
  return kind === "allow" ? kind : reason ?? "?";
}

/** Asks with an agent of its own, and does something while the prompt is shown. @returns The ask's number. */
async function asked(
  bus: PolkitBus,
  driver: Driver,
  meanwhile: (agent: Terminal, id: number) => Promise<void>,
): Promise<number> {
  await using agent = await bus.startAgent(await driver.ready());
  const id = await driver.send({ do: "sign" });
  await prompted(agent);
  await meanwhile(agent, id);
  return id;
}
