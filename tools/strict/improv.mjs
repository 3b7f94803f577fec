// A client of Improv over serial, npm's improv-wifi-serial-sdk, as a browser runs it: the serial line, which is the
// browser's SerialPort there, is standard input and output here.
//
// The argument is a JSON list of [METHOD, ARGUMENT, ...] of the client, called one after the other behind "initialize".
// For each there is a line of JSON on standard error: {"method", "result"} or {"method", "error"}, and "state", "info", "url" of the client.

import { registerHooks, createRequire } from "node:module";
import { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

registerHooks({
    // The package is made for bundlers, which find a module without the end of its name.
    resolve(specifier, context, next) {
        try {
            return next(specifier, context);
        } catch (error) {
            return next(specifier + ".js", context);
        }
    },
});

const path = createRequire(import.meta.url).resolve("improv-wifi-serial-sdk/dist/serial.js"); // by NODE_PATH
const { ImprovSerial } = await import(pathToFileURL(path));

const port = { readable: Readable.toWeb(process.stdin), writable: Writable.toWeb(process.stdout) };
const quiet = { log() {}, debug() {}, error: (...words) => say({ method: "log", error: words.map(String).join(" ") }) };
const client = new ImprovSerial(port, quiet);

function say(what) {
    process.stderr.write(JSON.stringify(what) + "\n");
}

for (const [method, ...args] of [["initialize", 10000], ...JSON.parse(process.argv[2])]) {
    let outcome;
    try {
        outcome = { result: (await client[method](...args)) ?? null };
    } catch (error) {
        outcome = { error: String(error) };
    }
    say({ method, ...outcome, state: client.state, info: client.info, url: client.nextUrl });
}
process.exit(0);
