// The log, black boxes, firmware, restart and passwords.

function logView() {
  const text = h("pre", {tabindex: 0, "aria-label": t("Log")})
  const root = card(t("Log"), h("div.row", {}, button(t("Refresh"), show)), text)
  async function show() {
    put(text, await api("GET", "log"))
    text.scrollTop = text.scrollHeight
  }
  load(root, show)
  return {root}
}

function serviceView() {
  const cards = may("installer") ? [firmwareCard(), passwordCard(), restartCard()] : []
  return {root: h("div.pair", {}, cards, boxesCard())}
}

function boxesCard() {
  const list = h("ul.why", {})
  const root = card(t("Black boxes"), h("p.soft", {}, t("What went before a fault: the last three are kept.")), list)
  load(root, async () => {
    const boxes = await api("GET", "blackbox")
    list.replaceChildren(...boxes.map(({name, bytes}) => h("li", {},
      h("a", {href: "/api/blackbox/" + encodeURIComponent(name), download: name}, name), ` (${scaled(bytes, 1024, 1, "KB")})`)))
    if (!boxes.length) list.append(h("li", {}, t("None, for nothing went wrong.")))
  })
  return root
}

async function restart(kind) {
  await api("POST", "restart", {kind})
  tell(t("The charger restarts; sign in again afterwards."))
}

function restartCard() {
  const ask = (kind, text) => async () => { if (await confirmed(text, t("Restart"))) await restart(kind) }
  return card(t("Restart"), h("p.soft", {}, t("A session that runs is ended.")), h("div.row", {},
    button(t("Restart in order"), ask("Soft", t("Restart the charger? A session that runs is ended in order.")), "risky"),
    button(t("Restart at once"), ask("Hard", t("Restart the charger at once?")), "risky")))
}

function passwordCard() {
  const role = field(t("Role"), choice(roles(), "driver"))
  const one = field(t("New password"), h("input", {type: "password", autocomplete: "new-password"}), t("At least {0} characters", 8))
  const two = field(t("Again"), h("input", {type: "password", autocomplete: "new-password"}))
  return card(t("Passwords"), form([role, one, two], t("Change password"), async () => {
    if (!newPassword(one, two)) return
    await api("PUT", "password", {role: role.input.value, password: one.input.value})
    for (const each of [one, two]) each.input.value = ""
    tell(t("The password is changed"))
  }))
}

// Whether a new password was typed twice, and is long enough.
function newPassword(one, two) {
  const [first, second] = [one.input.value, two.input.value]
  one.wrong(first.length < 8 ? t("At least {0} characters", 8) : "")
  two.wrong(first !== second ? t("It differs from the first one") : "")
  return first.length >= 8 && first === second
}

const base64 = bytes => {
  let text = ""
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte)
  return btoa(text)
}

function firmwareCard() {
  const file = attributes => h("input", {type: "file", ...attributes})
  const image = field(t("Image"), file({}))
  const signature = field(t("Signature"), h("textarea", {spellcheck: "false", autocomplete: "off"}), t("base64, as its maker gives it"))
  const certificate = field(t("Certificate of the maker"), file({accept: ".pem,.crt,.cer"}), t("PEM"))
  const bar = h("progress", {max: 100, value: 0, "aria-label": t("Update")})
  const text = h("p", {role: "status"})
  const progress = h("div.box", {hidden: true}, text, bar)
  const root = card(t("Firmware update"), h("p.soft", {}, t("Installed: {0}", site.me.version)),
    form([image, signature, certificate], t("Install"), async () => {
      const chosen = image.input.files[0]
      image.wrong(chosen ? "" : t("Choose a file"))
      if (!chosen) return
      const pem = certificate.input.files[0]
      progress.className = "box"
      progress.hidden = false
      progress.scrollIntoView({block: "nearest"})
      put(text, t("Sending"))
      const wrong = await upload(chosen, signature.input.value.trim(), pem ? base64(await pem.arrayBuffer()) : "", (done, all) => {
        bar.value = all ? done / all * 100 : 0
        put(text, done < all ? t("Sending: {0}", number(Math.floor(bar.value), 0, "%")) : t("Checking the signature"))
      }).then(() => "", error => error.message)
      progress.className = wrong ? "box bad" : "box"
      put(text, wrong ? t("Not installed: {0}", wrong) : t("It is right. The charger restarts with it once no session runs."))
    }), progress)
  load(root, async () => {
    const {status, size, written} = await api("GET", "firmware")
    if (status === "Idle") return
    progress.hidden = false
    bar.value = size ? written / size * 100 : 0
    put(text, t(status))
  })
  return root
}

// Send an image; fetch does not tell how far it is.
function upload(file, signature, certificate, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open("POST", "/api/firmware")
    request.setRequestHeader("Content-Type", "application/octet-stream")
    if (signature) request.setRequestHeader("X-Signature", signature)
    if (certificate) request.setRequestHeader("X-Certificate", certificate)
    request.upload.onprogress = event => progress(event.loaded, event.total)
    request.onload = () => {
      let data = {}
      try { data = JSON.parse(request.responseText) } catch (error) { /* then the status alone tells */ }
      if (request.status < 300) resolve(data)
      else reject(new Refusal(request.status, data))
    }
    request.onerror = () => reject(new Error(t("No answer from the charger")))
    request.send(file)
  })
}
