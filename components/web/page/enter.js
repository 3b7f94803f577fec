// Signing in, and the first run.

const roles = () => [["driver", t("Driver")], ["operator", t("Operator")], ["installer", t("Installer")]]

function loginView() {
  const role = field(t("Role"), choice(roles(), kept("role") || "driver", {name: "username", autocomplete: "username"}))
  const password = field(t("Password"), h("input", {type: "password", autocomplete: "current-password"}))
  const root = card(t("Sign in"), form([role, password], t("Sign in"), async () => {
    password.wrong("")
    try {
      await api("POST", "login", {role: role.input.value, password: password.input.value})
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      password.wrong(error.status === 401 ? t("The password is wrong") : error.message)
      password.input.select()
      return
    }
    keep("role", role.input.value)
    await begin()
  }))
  root.classList.add("narrow")
  return {root}
}

let searching = null

// The networks in range. Of two searches at once the second would find nothing.
function search() {
  searching = searching || api("GET", "networks").finally(() => { searching = null })
  return searching
}

// The network, the central system and the password of a charger that has none yet.
function setupView() {
  const first = !site.me.role
  const secret = h("input", {type: "password", autocomplete: "off"})
  const text = attributes => h("input", {autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...attributes})
  const networks = field(t("Network"), choice([["", t("Searching …")]], ""))
  const name = field(t("Name of the network"), text({maxlength: 32}))
  const fields = {
    password: field(t("Password of the network"), secret),
    url: field(t("Address of the central system"), text({inputmode: "url", placeholder: "wss://"}), t(first ? "as its operator gives it; empty: without one" : "empty: as it is")),
    id: field(t("Identity of this charger"), text({maxlength: 48})),
    auth_key: field(t("Password at the central system"), h("input", {type: "password", autocomplete: "off"})),
    ca: field(t("Its certificate authority"), h("textarea", {spellcheck: "false"}), t(first ? "PEM; empty: none of its own" : "empty: as it is")),
  }
  const one = field(t("Password of the installer"), h("input", {type: "password", autocomplete: "new-password"}),
    t("of this page; at least {0} characters", 8))
  const two = field(t("Again"), h("input", {type: "password", autocomplete: "new-password"}))
  const progress = h("p.box", {role: "status", hidden: true})
  const scan = async () => {
    const found = await search()
    const options = found.map(([ssid, rssi, secured]) => [ssid, `${ssid}${secured ? " \ud83d\udd12" : ""} (${number(rssi, 0, "dBm")})`])
    networks.input.replaceChildren(...[...options, ["", t("another one")]].map(([key, words]) => h("option", {value: key}, words)))
    name.hidden = networks.input.value !== ""
  }
  networks.input.addEventListener("change", () => { name.hidden = networks.input.value !== "" })
  name.hidden = true
  const root = card(t(first ? "First setup" : "Network"), h("p.soft", {}, t("It is tried before it is kept; what was there stays in force if it fails.")),
    form([networks, h("p", {}, button(t("Search again"), scan, "link")), name, ...Object.values(fields), first ? [one, two] : []].flat(),
      t("Try and save"), async () => {
        if (first && !newPassword(one, two)) return
        const ssid = networks.input.value || name.input.value
        name.wrong(ssid ? "" : t("Which network?"))
        if (!ssid) return
        progress.hidden = true
        const body = {ssid}
        for (const [key, each] of Object.entries(fields)) body[key] = each.input.value.trim()
        if (first) body.installer = one.input.value
        const inputs = {"wifi.password": fields.password, "wifi.ssid": name}
        for (const key of ["url", "id", "auth_key"]) inputs["ocpp." + key] = fields[key]
        for (const each of Object.values(inputs)) each.wrong("")
        await api("POST", "setup", body).catch(error => {
          const wrong = Object.entries(error.data && error.data.fields || {}).filter(([key]) => key in inputs)
          for (const [key, text] of wrong) inputs[key].wrong(words(text))
          if (first && error.status === 401) begin()  // somebody else has set it up
          throw error
        })
        if (first) keep("role", "installer")
        await followed(progress)
      }), progress)
  root.classList.add("narrow")
  load(root, async () => {
    try {
      await scan()
    } catch (error) {
      networks.input.replaceChildren(h("option", {value: ""}, t("another one")))
      name.hidden = false
      if (!first || error.status !== 404) throw error
    }
  })
  return {root}
}

// Show how the trial of the network goes, until it ends.
async function followed(progress) {
  progress.hidden = false
  progress.className = "box"
  progress.scrollIntoView({block: "nearest"})
  put(progress, t("Trying the network …"))
  for (let silent = 0; silent < 10;) {
    await pause(1000)
    const {state, error} = await api("GET", "setup").catch(refusal => ({state: refusal.status === 401 ? "done" : ""}))
    silent = state ? 0 : silent + 1  // the radio may be on another channel for a while
    if (state === "failed") {
      progress.className = "box bad"
      put(progress, t("It did not work: {0}", words(error)))
      return
    }
    if (state === "done") {
      put(progress, t("Done. The charger restarts and joins the network; this access point closes."))
      returned()
      return
    }
  }
  put(progress, t("The charger is not heard any more: it may have joined the network."))
  returned()
}

// Ask for the password once the charger is back, and heard where this page is.
async function returned() {
  for (;;) {
    await pause(2000)
    const me = await api("GET", "me").catch(() => null)
    if (me && !me.setup) break
  }
  await begin()
}
