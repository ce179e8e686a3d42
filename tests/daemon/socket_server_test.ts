/**
 * A defect in what one client's messages are made of ends that client's connection, is logged, and harms nobody else.
 *
 * @module
 */

import { doesNotMatch, match, strictEqual as equal } from "node:assert/strict";
import { openArena } from "../../ffi/arena.ts";
import { openLibc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/poller.ts";
import { ReceiveBuffer } from "../../ffi/stream.ts";
import { listenAt } from "../../ffi/unix_socket.ts";
import type { Connection, Progress, Session } from "../../mod/daemon/connection.ts";
import { EventLoop } from "../../mod/daemon/event_loop.ts";
import { Log } from "../../mod/daemon/log.ts";
import { SocketServer } from "../../mod/daemon/socket_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { makeTempDir } from "../support/temp.ts";

/** Answers a byte with a frame of one byte; some bytes make it fail. */
class Brittle implements Session {
  readonly waitsForClient = false;
  readonly missing = 0;
  #byte = "";

  received(bytes: ReceiveBuffer): void {
    this.#byte = String.fromCharCode(bytes.uint8(0));
    if (this.#byte === "r") throw new Error("defect in received()");
  }

  work(connection: Connection): Progress {
    const byte = this.#byte;
    this.#byte = "";
    if (byte === "") return "idle";
    if (byte === "w") throw new Error("defect in work()");
    if (byte === "l") {
      this.#byte = "w"; // met in a later round, when other clients have had their turn
      return "more";
    }
    if (byte === "a") {
      connection.await(Promise.reject(new Error("defect in an answer")));
      return "waiting";
    }
    connection.reply(Uint8Array.of(0, 0, 0, 1, byte.charCodeAt(0)));
    return "idle";
  }

  ended(): void {}
}

Deno.test("a defect met by one client ends its connection only, and is in the log", async () => {
  await using dir = makeTempDir("server");
  using libc = openLibc();
  using arena = openArena(libc, { requireLocked: false });
  using poller = new Poller(libc);
  using buffer = new ReceiveBuffer(arena, 1024);
  let text = "";
  const log = new Log("debug", (bytes) => void (text += new TextDecoder().decode(bytes)));
  const loop = new EventLoop(poller, () => log.flush());
  using listener = listenAt(libc, dir.join("socket"), 8);
  const parts = { libc, loop, log, buffer, listener, name: "test", maxConnections: 8 };
  using _server = new SocketServer(parts, () => new Brittle());
  const serving = loop.run();
  using other = await RawClient.connect(dir.join("socket"));
  const byte = (character: string): Uint8Array => new TextEncoder().encode(character);
  try {
    for (const [character, line] of [["w", /work\(\)/], ["l", /work\(\)/], ["a", /an answer/]] as const) {
      using client = await RawClient.connect(dir.join("socket"));
      await client.send(byte(character));
      await client.closed();
      equal((await other.ask(byte("x")))[0], 0x78);
      match(text, line);
      text = "";
    }
    // Bytes that cannot be followed: the session has said why.
    using client = await RawClient.connect(dir.join("socket"));
    await client.send(byte("r"));
    await client.closed();
    equal((await other.ask(byte("x")))[0], 0x78);
    doesNotMatch(text, /defect in received/);
  } finally {
    loop.stop();
    await serving;
  }
});
