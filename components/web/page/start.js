// The frame around the views: who is signed in, what is shown, whether the charger is heard.

const RANKS = {driver: 1, operator: 2, installer: 3}
const VIEWS = [  // name in the address, title, role, what makes it
  ["overview", "Overview", "driver", overview],
  ["sessions", "Sessions", "driver", sessionsView],
  ["log", "Log", "operator", logView],
  ["service", "Service", "operator", serviceView],
  ["settings", "Settings", "installer", settingsView],
  ["variables", "Variables", "installer", variablesView],
  ["setup", "Network", "installer", setupView],
]
const site = {me: null, state: null, view: null, events: null, since: null}

const may = role => Boolean(site.me && RANKS[site.me.role] >= RANKS[role])

function nameOfView() {
  const wanted = location.hash.slice(2)
  return VIEWS.find(([name, , role]) => name === wanted && may(role)) || VIEWS[0]
}

// Show all anew: after a sign-in, a change of the language or of the view.
function render() {
  document.documentElement.lang = language
  put($("skip"), t("To the content"))
  header()
  footer()
  const [name, , , make] = nameOfView()
  site.view = site.me.role ? make() : site.me.setup ? setupView() : loginView()
  site.name = name
  $("main").replaceChildren(site.view.root)
  if (site.state) show()
  title()
}

function header() {
  const {me} = site
  const languages = choice(Object.entries(LOCALES), language, {"aria-label": t("Language")})
  languages.addEventListener("change", () => {
    language = languages.value
    keep("language", language)
    render()
    $("header").querySelector("select").focus()
  })
  const [current] = nameOfView()
  const links = VIEWS.filter(([, , role]) => may(role)).map(([name, words]) =>
    h("a", {href: "#/" + name, "aria-current": name === current ? "page" : null}, t(words)))
  const who = me.role ? roles().find(([role]) => role === me.role)[1] : ""
  $("header").replaceChildren(
    h("div.top", {}, h("h1", {}, me.id || "ucharge", h("small", {}, [who, me.board, me.version].filter(Boolean).join(" · "))),
      languages, me.role ? button(t("Sign out"), async () => { await api("POST", "logout", {}); leave() }, "link") : null),
    me.role ? h("nav", {"aria-label": t("Views")}, links) : h("p", {}, "\u00a0"))
}

function footer() {
  const foot = $("footer")
  foot.hidden = !site.me.role
  site.pressed = undefined
  pressed()
}

// Whether something waits for a person besides the emergency stop: a journal in doubt, a module that did not stop.
const waits = outlet => outlet.error === "PowerSwitchFailure" || outlet.why.some(line => /^BLOCKS.*: s releases what/.test(line))

// The emergency stop: always there, and what it says is what the charger told last.
function pressed() {
  const now = Boolean(site.state && site.state.station.emergency_stop)
  const needed = may("operator") && (now || Boolean(site.state && site.state.outlets.some(waits)))
  if (site.pressed === now + 2 * needed) return
  site.pressed = now + 2 * needed
  // It can be pressed again at any time: it does not wait for what became of the press before.
  const stop = h("button.stop", {type: "button", click: () => api("POST", "emergency_stop", {}).then(
    () => tell(t("The emergency stop is pressed")),
    error => tell(t("NOT stopped: {0}. Press the stop at the charger!", error.message), true))}, t("Emergency stop"))
  const release = button(t("Release"), async () => {
    if (await confirmed(t("Is the danger over? Then charging is possible again."), t("Release"))) await api("POST", "release", {})
  }, "risky")
  $("footer").replaceChildren(now ? h("p", {role: "alert"}, t("The emergency stop is pressed")) : stop, needed ? release : "")
}

// An event came.
function take(state) {
  remember(state.outlets)
  told(state.card)
  site.state = state
  show()
  pressed()
  title()
}

// What the central system decides of a card comes later than the answer to whoever presented it.
function told(card) {
  const known = site.state && site.state.card
  if (!site.state || !card || !may("operator") || known && known.number === card.number) return
  tell(t("Card {0}: {1}", card.tag, words(card.text)), ["refused", "given_up"].includes(card.outcome))
}

function show() {
  if (site.view.show) site.view.show(site.state)
}

// The title, and what a screen reader speaks: a change of the words, or ten per cent more; not each watt.
function title() {
  const outlets = site.state && site.me.role ? site.state.outlets : []
  document.title = [...outlets.map(described), site.me.id || "ucharge"].join(" – ")
  const coarse = language + outlets.map(outlet => [outlet.state, Math.floor((outlet.soc_permille || 0) / 100)].join()).join(";")
  if (site.spoken !== coarse) speak(outlets.map((outlet, n) => (outlets.length > 1 ? t("Outlet {0}", n + 1) + ": " : "") + described(outlet)).join("; "))
  site.spoken = coarse
}

function alive(heard) {
  if (heard === !site.since) return
  site.since = heard ? null : Date.now()
  const dead = $("dead")
  dead.hidden = heard
  dead.textContent = heard ? "" : t("No connection to the charger since {0}. What is shown may be old.", clock(site.since))
  document.body.classList.toggle("stale", !heard)
}

// Nobody is signed in any more.
function leave() {
  if (site.events) site.events.stop()
  site.events = site.state = null
  alive(true)
  if (!site.me || !site.me.role) return
  site.me.role = null
  render()
}

async function begin() {
  try {
    site.me = await api("GET", "me")
    alive(true)
  } catch (error) {
    alive(false)
    setTimeout(begin, AGAIN_MS)
    return
  }
  if (site.events) site.events.stop()
  site.events = site.me.role ? new Events(take, alive) : null
  render()
}

addEventListener("hashchange", () => {
  if (!site.me || location.hash === "#main") return
  render()
  $("main").focus({preventScroll: true})
  scrollTo(0, 0)
})
begin()
