import { strictEqual as equal } from "node:assert/strict";
import { OwnDaemon } from "../support/own_daemon.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("a daemon at its limit of connections serves who waited when one goes, and ends in good order", async () => {
  await using own = await OwnDaemon.start({ config: "[daemon]\nmax_connections = 2" });
  const list = Uint8Array.of(0, 0, 0, 1, 11);
  const first = await RawClient.connect(own.agentSocket);
  using second = await RawClient.connect(own.agentSocket);
  equal((await first.ask(list))[0], 12);
  equal((await second.ask(list))[0], 12);
  using third = await RawClient.connect(own.agentSocket);
  const waiting = third.ask(list);
  await own.logged(/the most allowed; others wait/);
  first[Symbol.dispose]();
  equal((await waiting)[0], 12);
  using _fourth = await RawClient.connect(own.agentSocket);
  await own.logged(/the most allowed; others wait/);
});
