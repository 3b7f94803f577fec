// The charger's API: requests, and the stream of events.

const DEAD_MS = 4000  // an event or a comment comes at least every 2 s
const AGAIN_MS = 1500
const TIMEOUT_MS = 15000

class Refusal extends Error {
  constructor(status, data) {
    super(data.text ? t(data.text) : t("The charger answered with error {0}", status))
    this.status = status
    this.error = data.error
    this.fields = data.fields || {}
  }
}

async function api(method, path, body) {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
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
      this.alive(false)
      await new Promise(resolve => setTimeout(resolve, AGAIN_MS))
    }
  }

  async read() {
    const answer = await fetch("/api/events", {signal: this.abort.signal, cache: "no-store"})
    if (answer.status === 401) leave()
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
