/**
 * The faults of the test server, which the tests of every network client rely on.
 *
 * @module
 */

import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert/strict";
import { DeadlineError, within } from "./deadline.ts";
import { html, type HttpRequest, HttpsServer, json } from "./https_server.ts";
import { VaultServer } from "./vault_server.ts";

function client(authority: string): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [authority] });
}

Deno.test("HttpsServer hands over method, path, query, headers and body", async () => {
  const seen: HttpRequest[] = [];
  await using server = await HttpsServer.start((request) => {
    seen.push(request);
    return json({ ok: true });
  });
  using http = client(server.identity.authority);
  const body = "x".repeat(100_000);
  const init = { method: "POST", headers: { "x-test": "yes" }, body, client: http };
  deepEqual(await (await fetch(`${server.url}/a/b?c=d%20e`, init)).json(), { ok: true });
  const [request] = seen;
  deepEqual(
    [request?.method, request?.path, request?.query.get("c"), request?.headers.get("x-test")],
    ["POST", "/a/b", "d e", "yes"],
  );
  equal(new TextDecoder().decode(request?.body), body);
});

Deno.test("HttpsServer answers with status, headers and drip", async () => {
  await using server = await HttpsServer.start(() => ({ ...html("<p>slow</p>", 503), drip: 1 }));
  using http = client(server.identity.authority);
  const answer = await fetch(server.url, { client: http });
  deepEqual([answer.status, answer.headers.get("content-type")], [503, "text/html"]);
  equal(await answer.text(), "<p>slow</p>");
});

Deno.test("HttpsServer hangs up", async () => {
  await using server = await HttpsServer.start(() => ({ kind: "drop" }));
  using http = client(server.identity.authority);
  await rejects(fetch(server.url, { client: http }), TypeError);
});

Deno.test("HttpsServer never answers, and still ends", async () => {
  const server = await HttpsServer.start(() => ({ kind: "black-hole" }));
  using http = client(server.identity.authority);
  const asked = fetch(server.url, { client: http });
  await rejects(within(asked, 200, "an answer"), DeadlineError);
  await server[Symbol.asyncDispose]();
  await rejects(asked, TypeError);
});

Deno.test("HttpsServer shows a wrong name", async () => {
  await using server = await HttpsServer.start(() => json({}), ["DNS:elsewhere.test"]);
  using http = client(server.identity.authority);
  await rejects(fetch(server.url, { client: http }), (error: Error) => {
    match(String(error.cause ?? error), /certificate/i);
    return true;
  });
});

Deno.test("HttpsServer turns a failing handler into a 500 that says so", async () => {
  await using server = await HttpsServer.start(() => {
    throw new RangeError("Out of range");
  });
  using http = client(server.identity.authority);
  const answer = await fetch(server.url, { client: http });
  equal(answer.status, 500);
  match(await answer.text(), /Out of range/);
});

Deno.test("VaultServer misbehaves so often, where told, until disposed of", async () => {
  await using server = await VaultServer.start({ items: [] });
  using http = client(Deno.readTextFileSync(server.authorityFile));
  const status = async (path: string): Promise<number> => {
    const answer = await fetch(server.url + path, { client: http });
    await answer.body?.cancel();
    return answer.status;
  };
  {
    using _always = server.inject({ on: /^GET \/api\/config$/, reply: json({}, 403) });
    using _once = server.inject({ on: /config/, reply: json({}, 429), times: 1 });
    deepEqual([await status("/api/config"), await status("/api/config")], [429, 403]);
    equal(await status("/api/sync"), 401);
  }
  equal(await status("/api/config"), 200);
  deepEqual(server.requests.slice(-2), ["GET /api/sync", "GET /api/config"]);
});
