"use strict";
// A central system on ocpp-rpc in strict mode: every message of both sides is checked against the official schemas.
// It is driven by JSON lines; strict_central.py, its other half, says which.

const readline = require("readline");
const { RPCServer } = require("ocpp-rpc");

const PROTOCOL = "ocpp1.6";
const PING_MS = 20000;
const CALL_MS = 30000;

const overlay = {}; // {method: fields laid over the answer below}
let client = null; // the charge point that came last
let transactions = 0;

const accepted = { status: "Accepted" };
const now = () => new Date().toISOString();
const answers = {
    BootNotification: () => ({ ...accepted, currentTime: now(), interval: 300 }),
    Heartbeat: () => ({ currentTime: now() }),
    Authorize: () => ({ idTagInfo: accepted }),
    StartTransaction: () => ({ transactionId: ++transactions, idTagInfo: accepted }),
    StopTransaction: (request) => (request.idTag === undefined ? {} : { idTagInfo: accepted }),
    DataTransfer: () => accepted,
    SignCertificate: () => accepted,
};

function say(event, fields) {
    process.stdout.write(JSON.stringify({ event, ...fields }) + "\n");
}

function answer({ method, params }) {
    const make = answers[method] || (() => ({}));
    return { ...make(params), ...overlay[method] };
}

function attend(connected) {
    client = connected;
    say("connected", { point: client.identity, protocol: client.protocol });
    connected.handle(answer); // a method that has no schema is refused before it comes here
    connected.on("message", ({ message, outbound }) => {
        say("message", { direction: outbound ? "out" : "in", raw: message.toString() });
    });
    connected.on("strictValidationFailure", ({ method, outbound, isCall, error }) => {
        const what = `${method} ${isCall ? "request" : "answer"} ${outbound ? "of ours" : "of the charge point"}`;
        say("fault", { text: `${what}: ${error.message}` });
    });
    connected.on("badMessage", ({ buffer, error }) => say("fault", { text: `${error.message}: ${buffer}` }));
    connected.on("close", ({ code }) => {
        client = client === connected ? null : client;
        say("closed", { point: connected.identity, code });
    });
}

async function obey({ order, method, params, fields }) {
    if (method === undefined) {
        return client.close(fields);
    }
    if (params === undefined) {
        overlay[method] = fields;
        return {};
    }
    return client.call(method, params);
}

async function main() {
    const server = new RPCServer({
        protocols: [PROTOCOL],
        strictMode: true,
        pingIntervalMs: PING_MS,
        callTimeoutMs: CALL_MS,
    });
    server.auth((accept, reject, handshake) => (handshake.protocols.has(PROTOCOL) ? accept() : reject(400)));
    server.on("client", attend);
    const http = await server.listen(0, "127.0.0.1");
    say("listening", { port: http.address().port });
    const lines = readline.createInterface({ input: process.stdin });
    lines.on("line", async (line) => {
        const order = JSON.parse(line);
        try {
            say("done", { order: order.order, result: await obey(order) });
        } catch (error) {
            say("done", { order: order.order, code: error.rpcErrorCode || error.name, text: error.message });
        }
    });
    lines.on("close", () => process.exit(0)); // whoever started it is gone
}

main();
