// The charger's API: requests, and the stream of events.

const DEAD_MS = 4000  // an event or a comment comes at least every 2 s
const QUIET_MS = 1000  // a stream that ends is begun again; only if that fails it is told
const AGAIN_MS = 500
const BUSY_MS = 3000
const TIMEOUT_MS = 15000
const STOP_MS = 3000  // then it is told that the emergency stop was not heard

class Refusal extends Error {
  constructor(status, data) {
    super(data.text ? words(data.text) : t("The charger answered with error {0}", status))
    this.status = status
    this.data = data
  }
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

// A request: returns what is answered, an object or a text. It is sent again where the charger was busy and that is safe:
// a 503 without a word is of a request that was not even read.
async function api(method, path, body) {
  const safe = method === "GET" || path === "emergency_stop"
  for (let left = path === "emergency_stop" ? 1 : 4; ; left--) {
    try {
      return await request(method, path, body)
    } catch (error) {
      const refused = error instanceof Refusal
      const again = refused ? error.status === 503 && (safe || !error.data.error) : safe
      if (!left || !again) throw error
      await pause(400)
    }
  }
}

async function request(method, path, body) {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), path === "emergency_stop" ? STOP_MS : TIMEOUT_MS)
  const options = {method, signal: abort.signal, headers: {}, cache: "no-store"}
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json"
    options.body = JSON.stringify(body)
  }
  try {
    const answer = await fetch("/api/" + path, options)
    const text = await answer.text()
    const json = (answer.headers.get("Content-Type") || "").includes("json")
    const data = json && text ? JSON.parse(text) : text
    if (answer.ok) return data
    if (answer.status === 401 && path !== "login") leave()
    throw new Refusal(answer.status, json ? data : {})
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Error(t("No answer from the charger"))
  } finally {
    clearTimeout(timer)
  }
}

// Reads events until they are stopped: each is given to `take`; `alive` is told whether the charger is heard.
// EventSource would not do: it hides the comments, by which alone a dead connection differs from a quiet one.
class Events {
  constructor(take, alive) {
    this.take = take
    this.alive = alive
    this.heard = performance.now()
    this.stopped = false
    this.watch = setInterval(() => this.check(), 500)
    this.loop()
  }

  stop() {
    this.stopped = true
    clearInterval(this.watch)
    this.abort.abort()
  }

  check() {
    if (performance.now() - this.heard < DEAD_MS) return
    this.alive(false)
    if (performance.now() - this.began > DEAD_MS) this.abort.abort()
  }

  async loop() {
    while (!this.stopped) {
      this.abort = new AbortController()
      this.began = performance.now()
      try {
        await this.read()
      } catch (error) { /* told by `alive` */ }
      if (this.stopped) return
      if (performance.now() - this.heard > QUIET_MS) this.alive(false)
      await pause(this.busy ? BUSY_MS : AGAIN_MS)
    }
  }

  async read() {
    const answer = await fetch("/api/events", {signal: this.abort.signal, cache: "no-store"})
    if (answer.status === 401) leave()
    this.busy = answer.status === 503
    if (this.busy) {
      this.heard = performance.now()
      this.alive(true)
      tell(t("The charger is busy: too many pages are open"), true)
    }
    if (!answer.ok) return
    const reader = answer.body.getReader()
    const decoder = new TextDecoder()
    let text = ""
    for (;;) {
      const {done, value} = await reader.read()
      if (done || this.stopped) return
      this.began = this.heard = performance.now()
      this.alive(true)
      text += decoder.decode(value, {stream: true}).replace(/\r/g, "")
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) this.event(text.slice(0, end))
    }
  }

  event(text) {
    const lines = text.split("\n")
    const data = lines.filter(line => line.startsWith("data:")).map(line => line.slice(5).trim()).join("\n")
    if (data && lines.includes("event: state")) this.take(JSON.parse(data))
  }
}
